import type { Readable } from 'node:stream';
import type { WireName } from '@aos/core/activity/wires/define.ts';

/** What ends a request from outside: any `AbortSignal`, or something that costs less to make for each call. */
export interface StopSignal {
  readonly aborted: boolean;
  addEventListener(event: 'abort', listener: () => void, options: { once: true }): void;
  removeEventListener(event: 'abort', listener: () => void): void;
}

/** Deadlines of one upstream request, in milliseconds. */
export interface Deadlines {
  connect_ms: number;
  first_byte_ms: number;
  idle_ms: number;
  total_ms: number;
}

/** Headers of a caller, in lower case. */
export type CallerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface UpstreamRequest {
  wire: WireName;
  /** Path below the provider's base URL, for example `/chat/completions`. */
  path: string;
  body: Buffer;
  /** All of the caller's; few of them travel on. */
  headers: CallerHeaders;
  stream: boolean;
  deadlines: Deadlines;
  /** Milliseconds since 1970. */
  sent_at_ms: number;
  /** Aborting it closes the upstream socket at once. */
  signal: StopSignal;
}

export interface UpstreamResponse {
  status: number;
  headers: Record<string, string>;
  /** Raw bytes of the answer as they come. Destroying it closes the upstream socket. Errors with UpstreamFailure. */
  readonly body: Readable;
  /** Instead of `body`: all bytes of the answer. Rejects with UpstreamFailure. */
  whole(): Promise<Buffer>;
}

/** Why no (complete) answer came. `sent` says whether a byte of the request may have reached the provider. */
export class UpstreamFailure extends Error {
  override name = 'UpstreamFailure';
  readonly kind: 'unreachable' | 'timeout' | 'reset' | 'aborted' | 'too_large';
  readonly sent: boolean;

  constructor(kind: UpstreamFailure['kind'], sent: boolean, message: string) {
    super(message);
    this.kind = kind;
    this.sent = sent;
  }
}

/** A configured provider, ready to be called. */
export interface ProviderTarget {
  id: string;
  kind: ProviderKind;
  base_url: string;
  /** The provider's key in clear, only in memory; null when it needs none. */
  secret: string | null;
}

export type ProviderKind = 'openai' | 'anthropic' | 'mock';

/** A question to a provider that is no call of a model. */
export type UpstreamQuestion = Pick<UpstreamRequest, 'deadlines' | 'signal'>;

/** One kind of model provider: adding one is one file and one line in `index.ts`. */
export interface LlmUpstream {
  kind: ProviderKind;
  wires: readonly WireName[];
  open(target: ProviderTarget, request: UpstreamRequest): Promise<UpstreamResponse>;
  /** Which models it has, as `{ data: [{ id }] }`. */
  models(target: ProviderTarget, question: UpstreamQuestion): Promise<UpstreamResponse>;
}
