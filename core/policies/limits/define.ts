import { z } from 'zod';
import type { Asker, Estimate } from '../../activity/call.ts';
import type { Usage } from '../../activity/usage.ts';
import type { ProblemCode } from '../../base/error.ts';
import type { Window, WindowKind } from '../../base/window.ts';
import type { Refusal } from '../refusal.ts';

export const count_per = z.enum(['together', 'project', 'agent', 'api_key', 'actor', 'session', 'run']);
export type CountPer = z.infer<typeof count_per>;

/** The members that every limit of the policy document has. */
export interface LimitOf {
  type: string;
  max: number | string;
  window?: Window | undefined;
  count_per: CountPer;
}

/** What one unit of a limit is called on the wire. */
export type Unit = 'tokens' | 'usd' | 'usd_per_minute' | 'calls' | 'runs' | 'steps' | 'tool_calls' | 'seconds';

/** What a call asks of a balance: for an output bound `o`, ceil((base + o * rate) / scale) units. */
export interface Ask {
  base: bigint;
  rate: bigint;
  scale: number;
}

/** What a call really used. */
export interface Used {
  usage: Usage;
  /** Null when the model has no price. */
  cost_nano: bigint | null;
  /** Tool results that were brought to the model. */
  tool_results: number;
}

/** One type of limit: its schema, its arithmetic, its refusal and its examples in one place. */
export interface LimitType<Document extends LimitOf = LimitOf> {
  type: string;
  unit: Unit;
  title: string;
  windows: readonly (WindowKind | 'now')[];
  /** It counts steps of a run of every kind; absent: calls of models only. */
  counts_every_step?: true;
  /**
   * It counts runs: a run takes one place with its first call that is let in, and keeps it until it ends. What its calls
   * ask is that place; of it they themselves hold nothing.
   */
  counts_runs?: true;
  /** The type that counts as the document asks, where that is another one of the same name. */
  as?(limit: Document): LimitType | undefined;
  schema: z.ZodType<Document>;
  /** The cap in whole units of the books: counts, nano-dollars or milliseconds. */
  cap(limit: Document): bigint;
  /** Over which stretch of time the books count, where that is not the window of the document. */
  counted_over?(limit: Document): Window;
  /**
   * For a limit that is measured by the clock: what has been used at an instant. No balance is kept and nothing is
   * reserved for it; a call in flight ends when the cap is reached.
   */
  clock?(limit: Document, asker: Asker, at_ms: number): bigint;
  /** What the call may use at most; a problem code when that cannot be said. */
  ask(limit: Document, estimate: Estimate): Ask | ProblemCode;
  /** What is posted when the call ends. */
  post(limit: Document, used: Used): bigint;
  /** An amount of the books in the limit's own unit, for people and the API. */
  show(amount: bigint, limit: Document): number | string;
  refusal(limit: Document): Refusal;
  /** One call under, one exactly at, one just over the limit: run by the contract test of all types. */
  examples: Record<'under' | 'at' | 'over', { limit: Document; used: bigint; estimate: Estimate }>;
}

/** Keeps the document's own type inside the file that defines it; the registry sees the common one. */
export function defineLimit<Document extends LimitOf>(of: LimitType<Document>): LimitType {
  return of as unknown as LimitType;
}

/** A small call for examples: 100 tokens in, at most 100 out, one answer. */
export const example_estimate: Estimate = {
  input_tokens: 100,
  input_bound: 'bytes',
  output_tokens: { wanted: 100, floor: 100 },
  choices: 1,
  tool_results: 1,
  price: { base_pico: 100_000_000n, output_pico: 2_000_000n },
};
