import { readFileSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandError } from './exit-codes.ts';
import { type Profile, readProfiles, usual_profile } from './profiles.ts';
import type { Terminal } from './terminal.ts';

export interface Settings {
  url: string;
  api_key: string | null;
  /** Where the key was found, for people. */
  key_from: string;
  timeout_ms: number;
}

interface Given {
  url?: string;
  apiKey?: string;
  profile?: string;
  timeout?: string;
}

/**
 * Where the server is and with which key: what was given, else the environment, else what login kept, else what a data
 * folder keeps: the address of a server on this machine while it runs, and, for such a server only, its key. A key that
 * login kept goes to the server it was kept for and to no other.
 */
export function settingsOf(terminal: Terminal, given: Given): Settings {
  const { env } = terminal;
  const is_told =
    (given.url ?? said(env.AOS_URL)) !== undefined && (given.apiKey ?? said(env.AOS_API_KEY)) !== undefined;
  const profile = is_told && given.profile === undefined ? undefined : profileFor(terminal, given.profile);
  const named = given.profile === undefined ? undefined : profile;
  const told = given.url ?? named?.url ?? said(env.AOS_URL) ?? portUrl(said(env.PORT)) ?? profile?.url;
  const kept = told === undefined ? keptAddress(terminal) : undefined;
  const url = checked(told ?? kept?.url ?? usual_url);
  const timeout_ms = seconds(given.timeout) * 1000;
  if (given.apiKey !== undefined) return { url, timeout_ms, api_key: given.apiKey, key_from: '--api-key' };
  const kept_for_it =
    profile?.url === url ? { url, timeout_ms, api_key: profile.api_key, key_from: profile.from } : null;
  if (kept_for_it && named) return kept_for_it;
  const key = said(env.AOS_API_KEY);
  if (key) return { url, timeout_ms, api_key: key, key_from: 'AOS_API_KEY' };
  if (kept_for_it) return kept_for_it;
  if (!isHere(url)) return { url, timeout_ms, api_key: null, key_from: 'none' };
  const admin_key = said(env.AOS_ADMIN_KEY);
  if (admin_key) return { url, timeout_ms, api_key: admin_key, key_from: 'AOS_ADMIN_KEY' };
  return { url, timeout_ms, ...keptKey(kept ? [kept.folder] : dataFolders(terminal)) };
}

/** What login kept, under the name that is given or else the usual one. */
function profileFor(terminal: Terminal, given: string | undefined): (Profile & { from: string }) | undefined {
  const name = given ?? usual_profile;
  const profiles = readProfiles(terminal);
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found) return { ...found, from: `profile ${name}` };
  if (given === undefined) return undefined;
  const names = Object.keys(profiles);
  throw new CommandError(
    'usage',
    `There is no profile "${name}"`,
    names.length === 0 ? 'there are none yet' : `there are: ${names.join(', ')}`,
    `npx aos login --profile ${name}`,
  );
}

const usual_url = 'http://127.0.0.1:8000';

const portUrl = (port: string | undefined) => (port === undefined ? undefined : `http://127.0.0.1:${port}`);

const said = (value: string | undefined): string | undefined => value?.trim() || undefined;

function checked(url: string): string {
  const { protocol = '' } = URL.canParse(url) ? new URL(url) : {};
  if (protocol === 'http:' || protocol === 'https:') return url.replace(/\/+$/, '');
  throw new CommandError(
    'usage',
    `"${url}" is no address of a server`,
    'it must begin with http:// or https://',
    '--url http://127.0.0.1:8000',
  );
}

function seconds(text: string | undefined): number {
  const value = text === undefined ? 60 : Number(text.replace(/s$/, ''));
  if (value > 0 && value <= 86_400) return value;
  throw new CommandError(
    'usage',
    `--timeout "${text}" is no time`,
    'it is a number of seconds, at most a day',
    '--timeout 30',
  );
}

/** A key that belongs to a server on this machine is never sent to another one. */
const isHere = (url: string): boolean =>
  URL.canParse(url) && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(url).hostname);

/** The folders in which `npm start` may have kept its data. */
export function dataFolders({ env, cwd, root }: Terminal): string[] {
  const named = said(env.AOS_DATA_DIR);
  if (named) return [...new Set([resolve(cwd, named), resolve(root, named)])];
  return [...new Set([join(cwd, '.aos'), join(root, '.aos')])];
}

/**
 * The address of a server here, and the folder that keeps it. A folder may have come with a checkout of others: it leads
 * no key off this machine, and the key that goes where one folder says is not read from another.
 */
function keptAddress(terminal: Terminal): { url: string; folder: string } | undefined {
  for (const folder of dataFolders(terminal)) {
    const url = readKept(join(folder, 'address'), isOwn);
    if (url?.startsWith('http://') && isHere(url)) return { url, folder };
  }
  return undefined;
}

function keptKey(folders: readonly string[]): Pick<Settings, 'api_key' | 'key_from'> {
  for (const folder of folders) {
    const path = join(folder, 'admin.key');
    const api_key = readKept(path);
    if (api_key !== undefined) return { api_key, key_from: path };
  }
  return { api_key: null, key_from: 'none' };
}

const isOwn = ({ uid }: Stats): boolean => process.getuid === undefined || uid === process.getuid();

/** Undefined where there is no such file, or none that counts. */
function readKept(path: string, counts: (file: Stats) => boolean = () => true): string | undefined {
  try {
    return counts(statSync(path)) ? readFileSync(path, 'utf8').trim() : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') throw error;
    return undefined;
  }
}
