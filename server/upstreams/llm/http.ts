import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import type { Address } from './address.ts';
import { type Decoder, decoderOf } from './decoded.ts';
import { type Deadlines, type StopSignal, UpstreamFailure, type UpstreamResponse } from './define.ts';
import { Exchange, type Feed } from './exchange.ts';
import { responseHeaders } from './headers.ts';
import { connectorOf } from './unasked-continue.ts';

export interface HttpRequest {
  url: Address;
  /** Names and values in turn. */
  headers: string[];
  /** Null: it is a GET, else a POST. */
  body: Buffer | null;
  deadlines: Deadlines;
  signal: StopSignal;
  /** Whether an event stream is asked for, which may be longer than a plain answer. */
  stream: boolean;
}

/**
 * The largest answers. A stream of the most tokens on sale (128,000 for each of many choices) at about 300 bytes an
 * event stays below; a plain answer is held in memory whole, and the largest (2,048 embeddings as text) is about 60 MB.
 */
const max_bytes = { plain: 128 * 1024 * 1024, stream: 512 * 1024 * 1024 };

/** Connections to one provider; each carries one request at a time, so this is also the most calls in flight to it. */
const max_connections = 1024;

/**
 * How long an idle connection is kept. Less than the 5 s after which many servers (Node, uvicorn) close theirs: a
 * request sent into a closing connection is lost without anyone knowing whether it was read.
 */
const keep_alive_ms = 4_000;

/** Ends connection attempts that nobody waits for any more; calls have their own, shorter deadline. */
const connect_attempt_ms = 30_000;

/** Made once: an error takes its stack when it is made, and nobody reads this one. */
const no_longer_wanted = new Error('no longer wanted');

const pools = new Map<string, Pool>();

/**
 * One request over a pooled connection. Follows no redirect, retries nothing, and closes the socket at once when the
 * signal aborts, a deadline passes or the body is destroyed. Fails with `UpstreamFailure` only.
 */
export function exchange(request: HttpRequest): Promise<UpstreamResponse> {
  const { url, headers, body } = request;
  const sent = new HttpExchange(request);
  const { under_way } = sent;
  if (under_way.is_over) return under_way.response;
  const method = body ? 'POST' : 'GET';
  poolOf(url.origin).dispatch({ path: url.pathname + url.search, method, headers, body }, sent);
  if (!under_way.was_sent) under_way.connecting();
  return under_way.response;
}

/** What the pool tells of a request, and what is asked of the pool: one object, for every call needs one. */
class HttpExchange implements Feed, Dispatcher.DispatchHandler {
  readonly under_way: Exchange;
  readonly #peer: string;
  #controller: Dispatcher.DispatchController | null = null;
  /** Where the answer came in a coding: some servers and proxies use one though none is asked for. */
  #decoder: Decoder | null = null;

  constructor({ url, deadlines, signal, stream }: HttpRequest) {
    this.#peer = url.origin;
    const limits = { deadlines, signal, max_bytes: stream ? max_bytes.stream : max_bytes.plain, peer: url.origin };
    this.under_way = new Exchange(limits, this);
  }

  resume(): void {
    this.#decoder?.resume();
    this.#controller?.resume();
  }

  stop(): void {
    this.#decoder?.stop();
    this.#controller?.abort(no_longer_wanted);
  }

  /** Called with a connection in hand, before the first byte is written: aborting here sends nothing. */
  onRequestStart(connected: Dispatcher.DispatchController): void {
    this.#controller = connected;
    if (this.under_way.is_over) connected.abort(no_longer_wanted);
    else this.under_way.sending();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, answered: IncomingHttpHeaders): void {
    if (status < 200) return;
    const coding = String(answered['content-encoding'] ?? 'identity');
    if (coding !== 'identity') this.#decoder = this.#decoderOf(coding);
    if (coding === 'identity' || this.#decoder) this.under_way.answer(status, responseHeaders(answered));
    else this.under_way.fail(this.#broken(`answered in a coding not asked for: ${coding}`));
  }

  #decoderOf(coding: string): Decoder | null {
    const taker = {
      chunk: (bytes: Buffer) => this.under_way.chunk(bytes),
      end: () => this.under_way.end(),
      fail: () => this.under_way.fail(this.#broken(`answered in a broken "${coding}"`)),
    };
    return decoderOf(coding, taker, () => this.#controller?.resume());
  }

  #broken(how: string): UpstreamFailure {
    return new UpstreamFailure('reset', true, `${this.#peer} ${how}.`);
  }

  onResponseData(connected: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!(this.#decoder ? this.#decoder.write(chunk) : this.under_way.chunk(chunk))) connected.pause();
  }

  onResponseEnd(): void {
    (this.#decoder ?? this.under_way).end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.under_way.fail(failureOf(error, this.under_way.was_sent, this.#peer));
  }
}

/** Cuts every connection; calls in flight fail as `reset`. For the end of the process. */
export async function closePools(): Promise<void> {
  const open = [...pools.values()];
  pools.clear();
  await Promise.all(open.map((pool) => pool.destroy()));
}

function poolOf(origin: string): Pool {
  const known = pools.get(origin);
  if (known) return known;
  const pool = new Pool(origin, {
    connections: max_connections,
    pipelining: 1,
    // The defaults of 300 s would cut long-thinking models; the deadlines of each call are what counts.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keep_alive_ms,
    connect: connectorOf({ timeout: connect_attempt_ms }),
  });
  pools.set(origin, pool);
  return pool;
}

function failureOf(error: Error, was_sent: boolean, peer: string): UpstreamFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (was_sent) return new UpstreamFailure('reset', true, `The connection to ${peer} broke (${code}).`);
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new UpstreamFailure(
      'timeout',
      false,
      `There was no connection from ${peer} within ${connect_attempt_ms} ms.`,
    );
  }
  return new UpstreamFailure('unreachable', false, `${peer} could not be reached (${code}).`);
}
