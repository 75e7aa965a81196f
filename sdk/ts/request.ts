import { connectionError, errorOf, timeoutError } from './errors.ts';
import type { Settings } from './settings.ts';

export interface RequestOptions {
  /** Aborts the request; what is thrown is the signal's own reason. */
  signal?: AbortSignal | undefined;
  /** For this request with its retries; absent: the client's. */
  timeout_ms?: number | undefined;
  /** For a POST; absent: a new one, so that a repeated request takes effect once. */
  idempotency_key?: string | undefined;
  headers?: Record<string, string> | undefined;
}

export interface AskedRequest extends RequestOptions {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  query?: Record<string, unknown> | undefined;
  body?: unknown;
}

/** The parsed answer. Throws an AOSError for every answer that is an error, and when none comes in time. */
export async function request(settings: Settings, asked: AskedRequest): Promise<unknown> {
  const timeout_ms = asked.timeout_ms ?? settings.timeout_ms;
  const timer = AbortSignal.timeout(timeout_ms);
  const signal = asked.signal ? AbortSignal.any([asked.signal, timer]) : timer;
  const sent = { method: asked.method, headers: headersOf(settings, asked), ...bodyOf(asked), signal };
  const until_ms = performance.now() + timeout_ms;
  for (let attempt = 0; ; attempt++) {
    const answer = await answered(settings, asked, sent, timeout_ms);
    if (answer.ok) return answer.body;
    const wait_s = attempt < settings.max_retries ? retryAfter(answer) : null;
    if (wait_s === null || performance.now() + wait_s * 1000 >= until_ms)
      throw errorOf(answer.status, answer.headers, answer.body);
    await pause(wait_s * 1000, asked.signal);
  }
}

/** The answer while its body is still coming. Not repeated; no time limit but the caller's signal. */
export async function openStream(settings: Settings, asked: AskedRequest): Promise<Response> {
  const headers = { ...headersOf(settings, asked), accept: 'text/event-stream' };
  const answer = await settings
    .fetch(addressOf(settings, asked), {
      method: asked.method,
      headers,
      ...bodyOf(asked),
      ...(asked.signal && { signal: asked.signal }),
    })
    .catch((error: unknown) => {
      throw asked.signal?.aborted ? asked.signal.reason : unreachable(settings, asked, error);
    });
  if (answer.ok) return answer;
  throw errorOf(answer.status, answer.headers, parsed(answer, await answer.text()));
}

interface Answered {
  ok: boolean;
  status: number;
  headers: Headers;
  body: unknown;
}

async function answered(
  settings: Settings,
  asked: AskedRequest,
  sent: RequestInit,
  timeout_ms: number,
): Promise<Answered> {
  try {
    const answer = await settings.fetch(addressOf(settings, asked), sent);
    const { ok, status, headers } = answer;
    return { ok, status, headers, body: parsed(answer, await answer.text()) };
  } catch (error) {
    if (asked.signal?.aborted) throw asked.signal.reason;
    if (sent.signal?.aborted) {
      const what = `${asked.method} ${asked.path} had no whole answer within ${timeout_ms} ms`;
      throw timeoutError(`${what}. Give it a longer timeout_ms, or see whether the server is overloaded.`, error);
    }
    throw unreachable(settings, asked, error);
  }
}

function unreachable({ base_url }: Settings, { method, path }: AskedRequest, error: unknown): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  return connectionError(
    `${base_url} cannot be reached (${method} ${path}: ${why}). Start the server, or set AOS_URL to where it listens.`,
    error,
  );
}

function parsed({ headers }: Response, body: string): unknown {
  if (!/\bjson\b/.test(headers.get('content-type') ?? '') || body === '') return body;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

/** Seconds until a repetition helps; null: the server does not say that one does. */
function retryAfter({ status, headers }: Answered): number | null {
  const should = headers.get('x-should-retry');
  const after_s = Number(headers.get('retry-after') ?? Number.NaN);
  if (should === 'false') return null;
  if (should !== 'true' && status !== 429 && status !== 503) return null;
  if (Number.isFinite(after_s) && after_s >= 0) return after_s;
  return should === 'true' ? 1 : null;
}

function headersOf({ api_key }: Settings, asked: AskedRequest): Record<string, string> {
  return {
    accept: 'application/json',
    ...(api_key !== null && { authorization: `Bearer ${api_key}` }),
    ...(asked.body !== undefined && { 'content-type': 'application/json' }),
    ...(asked.method === 'POST' && { 'idempotency-key': asked.idempotency_key ?? newKey() }),
    ...asked.headers,
  };
}

const bodyOf = ({ body }: AskedRequest) => (body === undefined ? {} : { body: JSON.stringify(body) });

/** `crypto.randomUUID` is missing in pages that came over plain HTTP from another host. */
function newKey(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return `sdk-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** A list is sent as its members (`a=1&a=2`); what is undefined or null is not sent. */
function addressOf({ base_url }: Settings, { path, query = {} }: AskedRequest): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== null) search.append(name, String(one));
  const text = search.toString();
  return `${base_url}${path}${text === '' ? '' : `?${text}`}`;
}

/** Resolves after the time, or rejects with the reason of the signal. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
