/**
 * For tests of crashes, and for nothing else: points on the way of a governed call at which the process can be told to
 * end itself as by `kill -9`, so that a crash at exactly this point can be repeated, or to throw.
 */
export const failpoints = [
  /** Decided so far, nothing held. */
  'before_reserve',
  /** The holds are taken and marked as dispatched, nothing has been sent. */
  'after_reserve',
  /** The provider has begun to answer. */
  'first_upstream_byte',
  /** The caller has a part of a stream. */
  'mid_stream',
  /** The answer is complete, nothing of it is written. */
  'before_settle',
  /** All is written, the caller does not have the end of the answer. */
  'after_settle',
] as const;

/** The same on the way of a managed run, around the calls that it makes. */
export const run_failpoints = [
  /** A worker has taken a run and done nothing for it. */
  'after_claim',
  /** The intent of a step is written, nothing is held. */
  'after_intent',
  /** All steps of a run have ended, its end is not written. */
  'before_terminal',
] as const;

/** The same on the way of an alert to its channel. */
export const delivery_failpoints = [
  /** It is written and claimed, nothing has been sent. */
  'before_delivery',
  /** The receiver has it, nothing of that is written. */
  'after_delivery',
] as const;

/** Points between which something unexpected could be thrown while a call holds something. */
export const throw_points = [
  /** The holds are taken, the call is on its way out. */
  'before_send',
  /** The answer is there, what it used is about to be worked out. */
  'before_outcome',
] as const;
export type FailpointName =
  | (typeof failpoints)[number]
  | (typeof run_failpoints)[number]
  | (typeof delivery_failpoints)[number]
  | (typeof throw_points)[number];

/**
 * `AOS_FAILPOINT=mid_stream:3`: the process ends when a call passes that point for the third time.
 * `AOS_FAILPOINT=throw:5`: at every fifth pass of any point an error is thrown that nobody expects.
 */
export interface Failpoint {
  name: FailpointName | 'throw';
  on_pass: number;
}

let passed = 0;

/** Fails as it was told to; otherwise, and always without `AOS_FAILPOINT`, does nothing. */
export function failpoint(armed: Failpoint | null, name: FailpointName): void {
  if (armed === null || (armed.name !== name && armed.name !== 'throw')) return;
  passed += 1;
  if (armed.name === 'throw') {
    if (passed % armed.on_pass === 0) throw new Error(`thrown at ${name}, as asked for`);
  } else if (passed >= armed.on_pass) process.kill(process.pid, 'SIGKILL');
}
