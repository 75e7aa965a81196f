import type { CallerHeaders } from './define.ts';

/**
 * Headers of the caller that travel on. Never its credentials, cookies or our own `x-aos-*`; not OpenAI's organisation
 * and project either, because they belong to the key, and the key is the provider's, not the caller's.
 */
const sent_on = ['accept', 'openai-beta', 'anthropic-version', 'anthropic-beta', 'user-agent'];

/**
 * Headers of an answer that do not travel back: those of one connection (RFC 9110, 7.6.1), the length and coding of a
 * body that our own server frames anew, and what would bind the caller to the provider (cookies, redirects).
 */
const kept_back = new Set([
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'content-length', 'content-encoding', 'set-cookie', 'location', 'alt-svc'],
  ...['strict-transport-security'],
]);

/** The headers of an upstream request, names and values in turn, before the provider's own (its key) are added. */
export function requestHeaders(caller: CallerHeaders, stream: boolean): string[] {
  const headers = ['content-type', 'application/json', 'accept-encoding', 'identity'];
  if (typeof caller.accept !== 'string') headers.push('accept', stream ? 'text/event-stream' : 'application/json');
  for (const name of sent_on) {
    const value = caller[name];
    if (typeof value === 'string') headers.push(name, value);
  }
  return headers;
}

/** The headers of an answer that the caller may see. */
export function responseHeaders(answered: Record<string, string | string[] | undefined>): Record<string, string> {
  const of_connection = namesIn(answered.connection);
  const headers: Record<string, string> = {};
  for (const name in answered) {
    const value = answered[name];
    if (value === undefined || kept_back.has(name) || of_connection?.includes(name) || name.startsWith('x-aos-'))
      continue;
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

/** The names in a `connection` header; null where it names no header, as nearly always. */
function namesIn(connection: string | string[] | undefined): string[] | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  return String(connection)
    .toLowerCase()
    .split(/\s*,\s*/);
}
