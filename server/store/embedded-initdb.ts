import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './embedded-binaries.ts';
import { childOptions, type Place } from './embedded-place.ts';
import { refusal } from './embedded-refusal.ts';

/**
 * Makes the cluster: UTF-8 sorted by code point (the same on every system), checksums on, SCRAM for every connection.
 * It is made beside its final name and renamed, so that an interrupted first start leaves no half of one.
 */
export async function initialise(place: Place, { initdb }: Binaries, password: string): Promise<void> {
  const fresh = `${place.cluster}.new`;
  const password_file = join(place.home, `initial-${randomBytes(4).toString('hex')}`);
  await rm(fresh, { recursive: true, force: true });
  await writeFile(password_file, password, { mode: 0o600, flag: 'wx' });
  try {
    if (place.account) await chown(password_file, place.account.uid, place.account.gid);
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const access = ['--username=aos', '--auth=scram-sha-256', `--pwfile=${password_file}`];
    const args = [`--pgdata=${fresh}`, '--data-checksums', '--no-instructions', ...locale, ...access];
    await promisify(execFile)(initdb, args, childOptions(place));
    await rename(fresh, place.cluster);
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw refusal(place.home, 'its first set-up (initdb) failed', stderr?.trim() || message);
  } finally {
    await rm(password_file, { force: true });
  }
}
