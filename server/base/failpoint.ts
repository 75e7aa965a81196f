/**
 * For tests of crashes, and for nothing else: points on the way of a governed call at which the process can be told to
 * end itself as by `kill -9`, so that a crash at exactly this point can be repeated.
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
export type FailpointName = (typeof failpoints)[number];

/** `AOS_FAILPOINT=mid_stream:3`: the process ends when a call passes that point for the third time. */
export interface Failpoint {
  name: FailpointName;
  on_pass: number;
}

let passed = 0;

/** Ends the process when it was told to end here; otherwise, and always without `AOS_FAILPOINT`, does nothing. */
export function failpoint(armed: Failpoint | null, name: FailpointName): void {
  if (armed?.name !== name) return;
  passed += 1;
  if (passed >= armed.on_pass) process.kill(process.pid, 'SIGKILL');
}
