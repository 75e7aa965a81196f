import { createHash } from 'node:crypto';
import { Pool } from 'undici';
import type { PlannedCall } from './plan.ts';

/** How a call ended, as its caller saw it. */
export interface Seen {
  call: PlannedCall;
  /** Which of the processes it went to. */
  server: number;
  /** Null: no answer came. */
  status: number | null;
  code: string | null;
  decision_id: string | null;
  run_id: string | null;
  /** `left`: the caller went away, as planned. `broken`: the connection did, unplanned. */
  ended: 'whole' | 'left' | 'broken';
  /** sha256 of the bytes that came. */
  hash: string;
  /** Events with text that came, of a stream on the chat wire. */
  text_events: number;
  ms: number;
}

/** Sends calls to one process over as many connections as it is given calls at once. */
export class Caller {
  readonly #pool: Pool;
  readonly #server: number;

  constructor(url: string, server: number, connections: number) {
    this.#pool = new Pool(url, { connections, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 });
    this.#server = server;
  }

  async send(call: PlannedCall): Promise<Seen> {
    const begun_ms = performance.now();
    const hash = createHash('sha256');
    const leaving = new AbortController();
    const timer = call.leave_after_ms === null ? undefined : setTimeout(() => leaving.abort(), call.leave_after_ms);
    const seen: Omit<Seen, 'ended' | 'hash' | 'text_events' | 'ms'> = {
      call,
      server: this.#server,
      status: null,
      code: null,
      decision_id: null,
      run_id: null,
    };
    const parts: Buffer[] = [];
    const done = (ended: Seen['ended']): Seen => {
      clearTimeout(timer);
      const text_events = Buffer.concat(parts).toString().split(text_event).length - 1;
      return { ...seen, ended, hash: hash.digest('hex'), text_events, ms: performance.now() - begun_ms };
    };
    try {
      const { path, body, key, headers } = call;
      const sent = { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers };
      const answer = await this.#pool.request({ path, method: 'POST', headers: sent, body, signal: leaving.signal });
      seen.status = answer.statusCode;
      seen.decision_id = text(answer.headers['x-aos-decision-id']);
      seen.run_id = text(answer.headers['x-aos-run-id']);
      let bytes = 0;
      for await (const part of answer.body) {
        hash.update(part as Buffer);
        bytes += (part as Buffer).length;
        parts.push(part as Buffer);
        if (call.leave_after_bytes !== null && bytes >= call.leave_after_bytes) {
          leaving.abort();
          return done('left');
        }
      }
      if (answer.statusCode >= 400) seen.code = codeOf(Buffer.concat(parts));
      return done('whole');
    } catch {
      return done(leaving.signal.aborted ? 'left' : 'broken');
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

const text_event = '"delta":{"content":"';

const text = (header: string | string[] | undefined): string | null => (typeof header === 'string' ? header : null);

/** The code of an error body of either dialect. */
function codeOf(body: Buffer): string | null {
  if (body.length === 0) return null;
  const read = JSON.parse(body.toString()) as { error?: { code?: string | null; type?: string } };
  return read.error?.code ?? read.error?.type ?? null;
}

/** Offers all calls at once, at most `in_flight` of them under way at a time, and gives back how each ended. */
export async function offerAll<T, R>(
  items: readonly T[],
  in_flight: number,
  send: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < items.length; n = next++) results[n] = await send(items[n] as T);
  };
  await Promise.all(Array.from({ length: Math.min(in_flight, items.length) }, worker));
  return results;
}
