import { Readable } from 'node:stream';
import { type Deadlines, type StopSignal, UpstreamFailure, type UpstreamResponse } from './define.ts';

/** What an exchange asks of the one who feeds it: a socket, or the mock provider. */
export interface Feed {
  /** The reader wants more: called after `chunk` returned false. */
  resume(): void;
  /** Nothing more is wanted before the answer has ended. Closes the socket at once. */
  stop(): void;
}

export interface ExchangeOptions {
  deadlines: Deadlines;
  signal: StopSignal;
  /** A longer answer fails as `too_large`. */
  max_bytes: number;
  /** The provider, as messages name it. */
  peer: string;
}

/** Who takes the body. `take` answers false to wait for the next call of `resume`. */
interface Reader {
  take(bytes: Buffer): boolean;
  end(): void;
  fail(failure: UpstreamFailure): void;
}

const no_headers: Record<string, string> = {};

/** The longest delay a timer can have; a longer deadline waits this long, 24 days. */
const max_delay_ms = 2 ** 31 - 1;

/**
 * One request and its answer: the deadlines, the abort signal, the size limit and back-pressure, the same for every
 * kind of provider. Whatever goes wrong before the headers rejects `response`; afterwards it is the error of the body.
 */
export class Exchange implements UpstreamResponse {
  /** The exchange itself, once its answer has begun. */
  readonly response: Promise<UpstreamResponse>;
  status = 0;
  headers: Record<string, string> = no_headers;
  #body: Readable | null = null;
  readonly #options: ExchangeOptions;
  readonly #feed: Feed;
  #settle: { resolve: (response: UpstreamResponse) => void; reject: (failure: UpstreamFailure) => void };
  #has_answered = false;
  /** What came before the caller said how it reads. */
  #waiting: Buffer[] = [];
  #reader: Reader | null = null;
  #is_over = false;
  #was_sent = false;
  #is_paused = false;
  #bytes = 0;
  #failure: UpstreamFailure | null = null;
  /** The deadline of the current phase: connect, then first byte, then idle. Null: a connection was at hand. */
  #phase: NodeJS.Timeout | null = null;
  readonly #total: NodeJS.Timeout;
  readonly #abort = () => this.fail(new UpstreamFailure('aborted', this.#was_sent, 'The call was aborted.'));

  constructor(options: ExchangeOptions, feed: Feed) {
    this.#options = options;
    this.#feed = feed;
    const { promise, resolve, reject } = promiseOf<UpstreamResponse>();
    this.response = promise;
    this.#settle = { resolve, reject };
    this.#total = this.#timer(options.deadlines.total_ms, 'no complete answer');
    if (options.signal.aborted) this.#abort();
    else options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Whether the answer is complete, has failed, or is no longer wanted. */
  get is_over(): boolean {
    return this.#is_over;
  }

  /** Whether a byte of the request may have reached the provider. */
  get was_sent(): boolean {
    return this.#was_sent;
  }

  /** No connection was at hand: one is made, or becomes free. */
  connecting(): void {
    this.#startPhase(this.#options.deadlines.connect_ms, 'no connection');
  }

  /** A connection is there; from here on the request counts as sent. */
  sending(): void {
    this.#was_sent = true;
    this.#startPhase(this.#options.deadlines.first_byte_ms, 'no first byte');
  }

  answer(status: number, headers: Record<string, string>): void {
    if (this.#is_over) return;
    this.#has_answered = true;
    this.#startPhase(this.#options.deadlines.idle_ms, 'no further byte');
    this.status = status;
    this.headers = headers;
    this.#settle.resolve(this);
  }

  get body(): Readable {
    this.#body ??= this.#streamed();
    return this.#body;
  }

  #streamed(): Readable {
    const body = new Readable({
      highWaterMark: 64 * 1024,
      read: () => this.#resume(),
      destroy: (error, done) => {
        if (!this.#is_over) this.#feed.stop();
        this.#finish();
        done(error);
      },
    });
    // A failure may come while nobody listens yet; whoever reads the body later still gets it.
    body.on('error', () => {});
    this.#readBy({
      take: (bytes) => body.push(bytes),
      end: () => body.push(null),
      fail: (failure) => body.destroy(failure),
    });
    return body;
  }

  /** Without the machinery of a stream. */
  whole(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    return new Promise((resolve, reject) => {
      this.#readBy({
        take: (bytes) => {
          chunks.push(bytes);
          return true;
        },
        end: () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)),
        fail: reject,
      });
    });
  }

  #readBy(reader: Reader): void {
    this.#reader = reader;
    for (const bytes of this.#waiting) if (!reader.take(bytes)) this.#pause();
    this.#waiting = [];
    if (this.#failure) reader.fail(this.#failure);
    else if (this.#is_over) reader.end();
  }

  /** Bytes of the body. False: wait for `resume` before the next ones. */
  chunk(bytes: Buffer): boolean {
    if (this.#is_over || !this.#has_answered) return true;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#options.max_bytes) {
      const limit = `${this.#options.max_bytes} bytes`;
      this.fail(new UpstreamFailure('too_large', true, `The answer of ${this.#options.peer} is larger than ${limit}.`));
      return true;
    }
    if (!this.#is_paused) this.#phase?.refresh();
    if (!this.#reader) this.#waiting.push(bytes);
    else if (!this.#reader.take(bytes)) this.#pause();
    return !this.#is_paused;
  }

  /** A slow reader is not the provider's fault: the idle deadline waits with it. */
  #pause(): void {
    this.#is_paused = true;
    clearTimeout(this.#phase ?? undefined);
  }

  end(): void {
    if (this.#is_over) return;
    this.#finish();
    this.#reader?.end();
  }

  fail(failure: UpstreamFailure): void {
    if (this.#is_over) return;
    this.#finish();
    this.#feed.stop();
    this.#failure = failure;
    if (!this.#has_answered) this.#settle.reject(failure);
    else this.#reader?.fail(failure);
  }

  #resume(): void {
    if (!this.#is_paused || this.#is_over) return;
    this.#is_paused = false;
    this.#startPhase(this.#options.deadlines.idle_ms, 'no further byte');
    this.#feed.resume();
  }

  #finish(): void {
    if (this.#is_over) return;
    this.#is_over = true;
    clearTimeout(this.#phase ?? undefined);
    clearTimeout(this.#total);
    this.#options.signal.removeEventListener('abort', this.#abort);
  }

  #startPhase(ms: number, missing: string): void {
    clearTimeout(this.#phase ?? undefined);
    if (!this.#is_over) this.#phase = this.#timer(ms, missing);
  }

  #timer(ms: number, missing: string): NodeJS.Timeout {
    const expired = () => {
      const message = `There was ${missing} from ${this.#options.peer} within ${ms} ms.`;
      this.fail(new UpstreamFailure('timeout', this.#was_sent, message));
    };
    return setTimeout(expired, Math.min(ms, max_delay_ms));
  }
}

function promiseOf<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: Error) => void = () => {};
  const promise = new Promise<T>((accept, refuse) => {
    resolve = accept;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
