import { present } from '../base/assert.ts';
import { refuses } from './action.ts';
import { type Decision, decide } from './decide.ts';
import type { Inspected } from './inspect.ts';
import type { Reservation, Seen } from './reserve.ts';

/** Whether nothing but the books can refuse the call any more; where it cannot pass, nothing is taken from them. */
export function mayPass(inspected: Inspected[], { timed, unmeasurable }: Reservation): boolean {
  if (inspected.length === 0 && timed.length === 0 && unmeasurable.length === 0) return true;
  return !refuses(decide({ rules: inspected, lines: timed, unmeasurable, output_bound: 0 }).verdict);
}

/**
 * The decision about a call, once the books have answered: `seen` are the balances of its lines, in their order, as
 * they stood before it, and `output_bound` is what they granted, or the least useful bound when they refused.
 */
export function decideAtGate(
  inspected: Inspected[],
  { lines, timed, unmeasurable }: Reservation,
  seen: readonly Seen[],
  output_bound: number,
): Decision {
  const held = lines.map((line, n) => ({ line, seen: present(seen[n], 'the balance of a line') }));
  return decide({ rules: inspected, lines: [...held, ...timed], unmeasurable, output_bound });
}
