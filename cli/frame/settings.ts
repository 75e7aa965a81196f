import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CommandError } from './exit-codes.ts';
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
  timeout?: string;
}

/**
 * Where the server is and with which key: what was given, else the environment, else, for a server on this machine
 * only, the key that its data folder keeps.
 */
export function settingsOf(terminal: Terminal, given: Given): Settings {
  const { env } = terminal;
  const url = checked(given.url ?? said(env.AOS_URL) ?? `http://127.0.0.1:${said(env.PORT) ?? '8000'}`);
  const timeout_ms = seconds(given.timeout) * 1000;
  if (given.apiKey !== undefined) return { url, timeout_ms, api_key: given.apiKey, key_from: '--api-key' };
  const key = said(env.AOS_API_KEY);
  if (key) return { url, timeout_ms, api_key: key, key_from: 'AOS_API_KEY' };
  if (!isHere(url)) return { url, timeout_ms, api_key: null, key_from: 'none' };
  const admin_key = said(env.AOS_ADMIN_KEY);
  if (admin_key) return { url, timeout_ms, api_key: admin_key, key_from: 'AOS_ADMIN_KEY' };
  return { url, timeout_ms, ...keptKey(terminal) };
}

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
const isHere = (url: string): boolean => /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(url).hostname);

/** The folders in which `npm start` may have kept its data. */
export function dataFolders({ env, cwd, root }: Terminal): string[] {
  const named = said(env.AOS_DATA_DIR);
  if (named) return [...new Set([resolve(cwd, named), resolve(root, named)])];
  return [...new Set([join(cwd, '.aos'), join(root, '.aos')])];
}

function keptKey(terminal: Terminal): Pick<Settings, 'api_key' | 'key_from'> {
  for (const folder of dataFolders(terminal)) {
    const path = join(folder, 'admin.key');
    try {
      return { api_key: readFileSync(path, 'utf8').trim(), key_from: path };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') throw error;
    }
  }
  return { api_key: null, key_from: 'none' };
}
