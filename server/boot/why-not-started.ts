import type { Config } from '../base/config.ts';

const unreachable = /^E(?:CONNREFUSED|CONNRESET|NOTFOUND|AI_AGAIN|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOENT)$/;

/** What kept the process from starting, with what to do; never with what stands in DATABASE_URL beside its place. */
export function whyNotStarted(error: unknown, config: Pick<Config, 'database_url' | 'host' | 'port'>): Error {
  const { code = '', syscall = '', message = '' } = error as { code?: string; syscall?: string; message?: string };
  if (syscall === 'listen') return new Error(portMessage(code, config));
  if (config.database_url === null) return error as Error;
  const { host, pathname } = new URL(config.database_url);
  const name = decodeURIComponent(pathname.slice(1));
  const place = `the database "${name}" at ${host || 'a local socket'}, which DATABASE_URL names`;
  if (unreachable.test(code) || /^timeout expired$|^Connection terminated/.test(message)) {
    const what = code || 'no answer in time';
    return new Error(`Nobody answers for ${place} (${what}). Start PostgreSQL there, or correct DATABASE_URL.`);
  }
  if (code === '3D000') return new Error(`There is no ${place.slice(4)}. Make it (createdb ${name}), or correct it.`);
  if (code === '28P01' || code === '28000')
    return new Error(`No access to ${place}: ${message}. Correct user and password in DATABASE_URL.`);
  if (code === '53300')
    return new Error(
      `No connection is left at ${host || 'a local socket'}, which DATABASE_URL names. Raise its max_connections, or lower AOS_MAX_CONNECTIONS of each process (16 unless it is set).`,
    );
  return error as Error;
}

function portMessage(code: string, { host, port }: Pick<Config, 'host' | 'port'>): string {
  const why =
    code === 'EADDRINUSE' ? 'another program has it' : code === 'EACCES' ? 'this user may not open it' : 'it failed';
  return `The port ${port} of ${host} cannot be opened: ${why} (${code}). Stop that program, or choose another with PORT and HOST.`;
}
