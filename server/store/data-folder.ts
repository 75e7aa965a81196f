import { randomBytes, randomInt } from 'node:crypto';
import { close, existsSync, openSync } from 'node:fs';
import { chmod, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Problem } from '@aos/core/base/error.ts';

const claim_shape = /^owner-(\d+)-[0-9a-f]{16}\.sock$/;
const claim_attempts = 6;

/**
 * Makes this process the only owner of a data folder until `release()` or its death, whatever the manner of death.
 *
 * The proof of life is a listening Unix socket in the folder: the kernel closes it with the process, so neither a
 * kill -9 nor a reused pid can be mistaken for an owner, and it is seen from other containers of the same machine.
 * Every starter first announces a socket under a name of its own and only then looks for others, so of two starters at
 * least one sees the other; only sockets that nobody listens on are removed, and no name is ever used twice.
 *
 * Creates the folder when it is missing: 0700, or 0711 when root, so that the unprivileged user of the embedded
 * database can pass through without reading.
 * @throws Problem `conflict` when another process owns the folder, `governance_unavailable` when it cannot be used.
 */
export async function ownDataFolder(dir: string): Promise<{ release(): Promise<void> }> {
  const folder = await openFolder(dir);
  let rival = 0;
  for (let attempt = 0; attempt < claim_attempts; attempt++) {
    const outcome = await tryToOwn(folder);
    if ('release' in outcome) return outcome;
    rival = outcome.rival ?? rival;
    await sleep(randomInt(20, 100));
  }
  await folder.close();
  throw new Problem(
    'conflict',
    `The data folder ${folder.path} is in use by the process with pid ${rival}, and a data folder has one owner at a time. ` +
      `Stop that process (kill ${rival}), or give this one a folder of its own with AOS_DATA_DIR.`,
    { details: { data_dir: folder.path, owner_pid: rival } },
  );
}

/** Makes the folder when it is missing, leaves an existing one as it is, and gives its real path. */
export async function makeDataFolder(dir: string): Promise<string> {
  const isNew = await makeFolder(dir, 0o700);
  if (isNew && process.getuid?.() === 0) await chmod(dir, 0o711);
  return realpath(dir);
}

/**
 * Makes a folder and those above it; false when something of its name is there. The recursion of `mkdir` itself never
 * ends where a folder that is there takes no other and says ENOENT, as /proc does.
 */
async function makeFolder(dir: string, mode = 0o777): Promise<boolean> {
  const parent = dirname(dir);
  if (parent !== dir && !existsSync(parent)) await makeFolder(parent);
  try {
    await mkdir(dir, { mode });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

interface Folder {
  path: string;
  /** Where its sockets are reached: Linux limits a socket's path to 107 bytes, a path through the open folder is short. */
  socket_dir: string;
  close(): Promise<void>;
}

interface Claim {
  name: string;
  file: string;
  server: Server;
}

/** Two starters that see each other both step back; the caller lets them try again after unequal pauses. */
async function tryToOwn(folder: Folder): Promise<{ release(): Promise<void> } | { rival: number | undefined }> {
  let claim: Claim | undefined;
  try {
    const own = await announce(folder);
    claim = own;
    const { announced, rival } = await otherClaims(folder, own.name);
    if (announced && rival === undefined) return { release: () => withdraw(own).then(() => folder.close()) };
    await withdraw(own);
    return { rival };
  } catch (error) {
    if (claim?.server.listening) await withdraw(claim);
    await folder.close();
    throw unusable(folder.path, error);
  }
}

async function openFolder(dir: string): Promise<Folder> {
  try {
    const path = await makeDataFolder(dir);
    if (!existsSync('/proc/self/fd')) return { path, socket_dir: path, close: async () => {} };
    const fd = openSync(path, 'r');
    return { path, socket_dir: `/proc/self/fd/${fd}`, close: () => promisify(close)(fd) };
  } catch (error) {
    throw unusable(dir, error);
  }
}

async function announce(folder: Folder): Promise<Claim> {
  const name = `owner-${process.pid}-${randomBytes(8).toString('hex')}.sock`;
  const server = createServer((visitor) => visitor.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(join(folder.socket_dir, name), resolve);
  });
  return { name, file: join(folder.path, name), server: server.unref() };
}

async function withdraw(claim: Claim): Promise<void> {
  await rm(claim.file, { force: true });
  await promisify(claim.server.close.bind(claim.server))();
}

/** Looks who else is there, clearing away what the dead left; `announced` is false when our own claim was cleared. */
async function otherClaims(folder: Folder, own: string): Promise<{ announced: boolean; rival: number | undefined }> {
  const names = (await readdir(folder.path)).filter((name) => claim_shape.test(name));
  let rival: number | undefined;
  for (const name of names) {
    if (name === own) continue;
    if (await hasListener(join(folder.socket_dir, name))) rival = Number(claim_shape.exec(name)?.[1]);
    else await rm(join(folder.path, name), { force: true });
  }
  return { announced: names.includes(own), rival };
}

/** True unless the kernel says that nobody listens: a doubt counts as an owner. */
function hasListener(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const visitor = connect(socket, () => visitor.destroy());
    visitor.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
    visitor.once('close', (failed) => failed || resolve(true));
  });
}

function unusable(dir: string, cause: unknown): Problem {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  return new Problem(
    'governance_unavailable',
    `The data folder ${dir} cannot be used: ${code}. It must be a folder that user id ${process.getuid?.()} may write, ` +
      'on a file system with Unix sockets. Change its owner (chown), or name another folder with AOS_DATA_DIR.',
    { details: { data_dir: dir, code } },
  );
}
