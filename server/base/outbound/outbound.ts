import type { LookupFunction } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import { OutboundFailure } from './failure.ts';
import type { Reach } from './reach.ts';
import { type Address, parseTarget, pinTarget, type Resolve, resolveName } from './target.ts';

/** The one way to addresses that callers and users name: notifications, requests of skills. */
export interface Outbound {
  /**
   * Whether an address could be called at all, as far as it can be told without asking for its name.
   *
   * @throws OutboundFailure
   */
  check(url: string): void;
  /**
   * Sends one request and reads its answer. Follows no redirect (a 3xx is the answer), retries nothing, keeps no
   * connection.
   *
   * @throws OutboundFailure
   */
  send(request: OutboundRequest): Promise<OutboundAnswer>;
}

export interface OutboundRequest {
  url: string;
  method: Dispatcher.HttpMethod;
  headers: Record<string, string>;
  body: string | Buffer | null;
  /** For everything: the name, the connection, the answer. */
  within_ms: number;
  /** What is read of the answer's body. */
  max_bytes: number;
  signal?: AbortSignal;
}

export interface OutboundAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** The body was longer than what is read of it. */
  is_cut: boolean;
}

export const openOutbound = (reach: Reach, resolve: Resolve = resolveName): Outbound => ({
  check: (url) => void parseTarget(reach, url),
  async send(request) {
    const url = parseTarget(reach, request.url);
    const late = AbortSignal.timeout(request.within_ms);
    const signal = request.signal ? AbortSignal.any([late, request.signal]) : late;
    try {
      const addresses = await unlessAborted(pinTarget(reach, url, resolve), signal);
      return await exchange(url, addresses, request, signal);
    } catch (error) {
      throw failureOf(error, url.host, late.aborted && request.within_ms);
    }
  },
});

/** Headers that say how the connection is used, which is not for the caller to say. */
const own_headers = /^(?:host|connection|transfer-encoding|content-length|upgrade|expect|te|trailer|proxy-.*)$/i;

async function exchange(url: URL, addresses: Address[], request: OutboundRequest, signal: AbortSignal) {
  const asked = Object.keys(request.headers).find((name) => own_headers.test(name));
  if (asked !== undefined) throw new OutboundFailure('refused', `the header ${asked} cannot be set`);
  const client = new Client(url.origin, {
    pipelining: 1,
    headersTimeout: request.within_ms,
    bodyTimeout: request.within_ms,
    connect: { lookup: pinnedTo(addresses), timeout: request.within_ms },
  });
  try {
    const answer = await client.request({
      path: url.pathname + url.search,
      method: request.method,
      headers: { 'accept-encoding': 'identity', ...request.headers },
      body: request.body,
      signal,
    });
    const { body, is_cut } = await read(answer.body, request.max_bytes);
    return { status: answer.statusCode, headers: answer.headers, body, is_cut };
  } finally {
    client.destroy().catch(() => undefined);
  }
}

/** Answers what was found before, whoever asks. */
function pinnedTo(addresses: Address[]): LookupFunction {
  const [first] = addresses;
  return (_host, options, done) => {
    if (options.all) done(null, addresses);
    else if (first) done(null, first.address, first.family);
    else done(new Error('no address'), '');
  };
}

async function read(body: AsyncIterable<Buffer>, max_bytes: number) {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    parts.push(part);
    bytes += part.length;
    if (bytes > max_bytes) return { body: Buffer.concat(parts).subarray(0, max_bytes), is_cut: true };
  }
  return { body: Buffer.concat(parts), is_cut: false };
}

/** A look-up of a name cannot be ended, only be left. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

function failureOf(error: unknown, host: string, late_ms: number | false): OutboundFailure {
  if (error instanceof OutboundFailure) return error;
  if (late_ms !== false) return new OutboundFailure('timeout', `${host} did not answer within ${late_ms} ms`);
  const { code, name } = error as { code?: string; name?: string };
  const why = code ?? name ?? 'unknown';
  return /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT)$/.test(why)
    ? new OutboundFailure('unreachable', `${host} could not be reached (${why})`)
    : new OutboundFailure('broken', `the connection to ${host} broke (${why})`);
}
