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
 * Where the server is and with which key: what was given, else the environment, else what its data folder keeps: its
 * address while it runs, and, for a server on this machine only, its key.
 */
export function settingsOf(terminal: Terminal, given: Given): Settings {
  const { env } = terminal;
  const url = checked(
    given.url ?? said(env.AOS_URL) ?? portUrl(said(env.PORT)) ?? keptIn(terminal, 'address')?.text ?? usual_url,
  );
  const timeout_ms = seconds(given.timeout) * 1000;
  if (given.apiKey !== undefined) return { url, timeout_ms, api_key: given.apiKey, key_from: '--api-key' };
  const key = said(env.AOS_API_KEY);
  if (key) return { url, timeout_ms, api_key: key, key_from: 'AOS_API_KEY' };
  if (!isHere(url)) return { url, timeout_ms, api_key: null, key_from: 'none' };
  const admin_key = said(env.AOS_ADMIN_KEY);
  if (admin_key) return { url, timeout_ms, api_key: admin_key, key_from: 'AOS_ADMIN_KEY' };
  return { url, timeout_ms, ...keptKey(terminal) };
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
const isHere = (url: string): boolean => /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(url).hostname);

/** The folders in which `npm start` may have kept its data. */
export function dataFolders({ env, cwd, root }: Terminal): string[] {
  const named = said(env.AOS_DATA_DIR);
  if (named) return [...new Set([resolve(cwd, named), resolve(root, named)])];
  return [...new Set([join(cwd, '.aos'), join(root, '.aos')])];
}

function keptKey(terminal: Terminal): Pick<Settings, 'api_key' | 'key_from'> {
  const kept = keptIn(terminal, 'admin.key');
  return { api_key: kept?.text ?? null, key_from: kept?.path ?? 'none' };
}

/** What the first data folder that has such a file keeps in it. */
function keptIn(terminal: Terminal, file: 'admin.key' | 'address'): { text: string; path: string } | undefined {
  for (const folder of dataFolders(terminal)) {
    const path = join(folder, file);
    try {
      return { text: readFileSync(path, 'utf8').trim(), path };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') throw error;
    }
  }
  return undefined;
}
