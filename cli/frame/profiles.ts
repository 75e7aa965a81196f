import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandError } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** A server and the key to ask it with. */
export interface Profile {
  url: string;
  api_key: string;
}
export type Profiles = Record<string, Profile>;

/** What is used where none is named. */
export const usual_profile = 'default';

/** Where profiles are kept; null: the user has no folder for such files. */
export function profilesFile({ env }: Terminal): string | null {
  const folder = env.XDG_CONFIG_HOME || (env.HOME && join(env.HOME, '.config')) || env.APPDATA;
  return folder ? join(folder, 'aos', 'profiles.json') : null;
}

/** All profiles, by name. A file that others may read or write leads no key anywhere. */
export function readProfiles(terminal: Terminal): Profiles {
  const path = profilesFile(terminal);
  const file = path === null ? undefined : statSync(path, { throwIfNoEntry: false });
  if (path === null || !file) return {};
  const { getuid } = process;
  const is_private = getuid === undefined || (file.uid === getuid.call(process) && (file.mode & 0o077) === 0);
  if (!is_private)
    throw new CommandError(
      'usage',
      `The profiles in ${path} are not read`,
      'others may read them',
      `chmod 600 ${path}`,
    );
  return parsed(readFileSync(path, 'utf8'), path);
}

function parsed(text: string, path: string): Profiles {
  try {
    const { profiles } = JSON.parse(text) as { profiles: Profiles };
    const isWhole = (of: unknown) =>
      typeof (of as Profile | null)?.url === 'string' && typeof (of as Profile).api_key === 'string';
    if (Object.values(profiles).every(isWhole)) return profiles;
  } catch {
    // Said below, as for what is JSON and holds no profiles.
  }
  throw new CommandError('usage', `The profiles in ${path} cannot be read`, 'it is no file of profiles', `rm ${path}`);
}

/** Replaces the file as a whole, so that nobody ever reads half of it. Only its owner may read it. */
export function writeProfiles(terminal: Terminal, profiles: Profiles): string {
  const path = profilesFile(terminal);
  if (path === null)
    throw new CommandError('failed', 'There is nowhere to keep a profile', 'HOME is not set', 'AOS_URL, AOS_API_KEY');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify({ profiles }, null, 2)}\n`, { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, path);
  return path;
}
