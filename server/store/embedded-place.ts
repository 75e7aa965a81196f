import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '@aos/core/base/error.ts';

const system_dir = '/var/lib/aos';
const account_names = ['postgres', '_postgres', 'nobody'];

/** The user that the database runs as when this process is root, which PostgreSQL refuses to be. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** Where the embedded database lives. `account` is absent when it runs as the user of this process. */
export interface Place {
  home: string;
  cluster: string;
  binaries_parent: string;
  account: Account | undefined;
}

/**
 * Finds or makes the home of the embedded database of `data_dir` (a real path). An ordinary user keeps everything in
 * the data folder. Root keeps it there too when the database's account can pass through, and otherwise under
 * /var/lib/aos; the choice is written down in the data folder (`postgres-home`), so that a later change of permissions
 * cannot make an existing database look absent.
 */
export async function findPlace(data_dir: string): Promise<Place> {
  const inside = join(data_dir, 'postgres');
  if (process.getuid?.() !== 0) {
    await mkdir(inside, { recursive: true, mode: 0o700 });
    return { home: inside, cluster: join(inside, 'data'), binaries_parent: inside, account: undefined };
  }
  const record = join(data_dir, 'postgres-home');
  const recorded = existsSync(record) ? (await readFile(record, 'utf8')).trim() : undefined;
  const account = await accountFor(join(recorded ?? inside, 'data'));
  const home = recorded ?? ((await prepareInside(inside, account)) ? inside : await recordOutside(record, data_dir));
  await mkdir(system_dir, { recursive: true });
  await chmod(system_dir, 0o755);
  await makeHome(home, account);
  return { home, cluster: join(home, 'data'), binaries_parent: system_dir, account };
}

/** Options for a child process of the database: no inherited environment, so no secret of ours reaches it. */
export function childOptions({ account, home }: Place) {
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  return { cwd: home, env, ...(account && { uid: account.uid, gid: account.gid }) };
}

async function makeHome(home: string, account: Account): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  await chown(home, account.uid, account.gid);
}

async function prepareInside(inside: string, account: Account): Promise<boolean> {
  await makeHome(inside, account);
  if (await canWorkIn(inside, account)) return true;
  if (existsSync(join(inside, 'data'))) {
    throw new Problem(
      'governance_unavailable',
      `The embedded database in ${inside} belongs to user ${account.name}, who can no longer reach it. ` +
        'Let that user pass through every folder above it (chmod o+x), or start as the user who made it.',
    );
  }
  await rmdir(inside);
  return false;
}

async function canWorkIn(dir: string, { uid, gid }: Account): Promise<boolean> {
  try {
    await promisify(execFile)('/bin/sh', ['-c', 'cd "$1" && test -w .', 'sh', dir], { cwd: '/', env: {}, uid, gid });
    return true;
  } catch (error) {
    if (typeof (error as { code?: unknown }).code === 'number') return false;
    throw error;
  }
}

/** The random part keeps a data folder that was deleted and made anew from meeting the database of the old one. */
async function recordOutside(record: string, data_dir: string): Promise<string> {
  const hash = createHash('sha256').update(data_dir).digest('hex').slice(0, 12);
  const home = join(system_dir, `${hash}-${randomBytes(3).toString('hex')}`);
  await writeFile(record, `${home}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return home;
}

/** An existing cluster keeps its owner; a new one gets the first of the usual unprivileged accounts. */
async function accountFor(cluster: string): Promise<Account> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const accounts = lines.map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  if (existsSync(cluster)) {
    const { uid, gid } = await stat(cluster);
    if (uid !== 0) return accounts.find((account) => account.uid === uid) ?? { name: `user id ${uid}`, uid, gid };
  }
  for (const name of account_names) {
    const account = accounts.find((candidate) => candidate.name === name && candidate.uid > 0);
    if (account) return account;
  }
  throw new Problem(
    'governance_unavailable',
    `PostgreSQL refuses to run as root, and none of the accounts ${account_names.join(', ')} exists in /etc/passwd. ` +
      'Start as an ordinary user, or set DATABASE_URL to a PostgreSQL server.',
  );
}
