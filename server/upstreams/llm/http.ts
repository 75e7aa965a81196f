import { type Dispatcher, Pool } from 'undici';
import type { Address } from './address.ts';
import { type Decoder, decoderOf } from './decoded.ts';
import { type Deadlines, type StopSignal, UpstreamFailure, type UpstreamResponse } from './define.ts';
import { Exchange } from './exchange.ts';
import { responseHeaders } from './headers.ts';
import { connectorOf } from './unasked-continue.ts';

export interface HttpRequest {
  url: Address;
  headers: Record<string, string>;
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
  const pool = poolOf(url.origin);
  let controller: Dispatcher.DispatchController | null = null;
  /** Where the answer came in a coding: some servers and proxies use one though none is asked for. */
  let decoder: Decoder | null = null;
  const resume = () => controller?.resume();
  const feed = {
    resume: () => {
      decoder?.resume();
      resume();
    },
    stop: () => {
      decoder?.stop();
      controller?.abort(no_longer_wanted);
    },
  };
  const { deadlines, signal, stream } = request;
  const under_way = new Exchange(
    { deadlines, signal, max_bytes: stream ? max_bytes.stream : max_bytes.plain, peer: url.origin },
    feed,
  );
  if (under_way.is_over) return under_way.response;
  const handler: Dispatcher.DispatchHandler = {
    // Called with a connection in hand, before the first byte is written: aborting here sends nothing.
    onRequestStart(connected) {
      controller = connected;
      if (under_way.is_over) connected.abort(no_longer_wanted);
      else under_way.sending();
    },
    onResponseStart(_, status, answered) {
      if (status < 200) return;
      const coding = String(answered['content-encoding'] ?? 'identity');
      if (coding !== 'identity') {
        const broken = () => new UpstreamFailure('reset', true, `${url.origin} answered in a broken "${coding}".`);
        const taker = {
          chunk: (bytes: Buffer) => under_way.chunk(bytes),
          end: () => under_way.end(),
          fail: () => under_way.fail(broken()),
        };
        decoder = decoderOf(coding, taker, resume);
      }
      if (coding === 'identity' || decoder) under_way.answer(status, responseHeaders(answered));
      else
        under_way.fail(
          new UpstreamFailure('reset', true, `${url.origin} answered in a coding not asked for: ${coding}.`),
        );
    },
    onResponseData(connected, chunk) {
      if (!(decoder ? decoder.write(chunk) : under_way.chunk(chunk))) connected.pause();
    },
    onResponseEnd: () => (decoder ?? under_way).end(),
    onResponseError: (_, error) => under_way.fail(failureOf(error, under_way.was_sent, url.origin)),
  };
  pool.dispatch({ path: url.pathname + url.search, method: body ? 'POST' : 'GET', headers, body }, handler);
  return under_way.response;
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
