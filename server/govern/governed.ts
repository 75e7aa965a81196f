import type { Readable } from 'node:stream';
import type { Problem } from '@aos/core/base/error.ts';
import type { Json } from '@aos/core/base/json.ts';
import type { Action } from '@aos/core/policies/action.ts';
import type { Facts } from './facts.ts';

/** Why a stream did not come to its end; the verdict of what ended it, null when nobody decided that. */
export interface BrokenOff {
  problem: Problem;
  verdict: Action | null;
  /** The status that the provider's error has as an answer, when it came instead of one: nothing before it, no usage. */
  refused_with?: number | undefined;
}

/** The bytes of a stream; it has been settled when they end. */
export type Chunks = AsyncGenerator<Buffer, BrokenOff | null>;

export interface Streamed {
  chunks: Chunks;
  /** What comes from the provider: closes when it has all come, or the call has been ended. */
  source: Pick<Readable, 'destroyed' | 'on' | 'off'>;
}

/** What the gateway answers with. */
export type Governed =
  | { kind: 'refused'; problem: Problem; facts: Facts }
  | { kind: 'dry_run'; decision: Json; facts: Facts }
  | { kind: 'plain'; status: number; headers: Record<string, string>; body: Buffer; facts: Facts }
  | ({ kind: 'stream'; status: number; headers: Record<string, string>; facts: Facts } & Streamed);
