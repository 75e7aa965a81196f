import type { Asker } from '@aos/core/activity/call.ts';
import { present } from '@aos/core/base/assert.ts';
import { type Decision, decide } from '@aos/core/policies/decide.ts';
import type { Timed } from '@aos/core/policies/reserve.ts';
import type { Clock } from '../base/deps.ts';
import type { InFlight } from './in-flight.ts';

/** Timers count in 32 bits; a longer wait is looked at again on the way. */
const longest_wait_ms = 2_000_000_000;

/** Ends a call at the instant at which an enforced limit on time is passed. */
export function endInTime(clock: Clock, in_flight: InFlight, timed: readonly Timed[], asker: Asker): void {
  const enforced = timed.filter(({ line }) => line.cap !== null);
  if (enforced.length === 0) return;
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    const now = enforced.map(({ line }) => ({ line, seen: { posted: usedAt(line, asker, clock.now()), pending: 0n } }));
    const decision = judge(now);
    if (decision.verdict !== 'continue') return in_flight.end(decision);
    const left_ms = Math.min(...now.map(({ line, seen }) => Number(line.max - seen.posted)));
    timer = setTimeout(look, Math.min(left_ms + 1, longest_wait_ms));
    timer.unref();
  };
  look();
  in_flight.onLeave(() => clearTimeout(timer));
}

const judge = (lines: Timed[]): Decision => decide({ rules: [], lines, unmeasurable: [], output_bound: 0 });

const usedAt = ({ type, limit }: Timed['line'], asker: Asker, at_ms: number): bigint =>
  present(type.clock, 'the clock of a limit on time')(limit, asker, at_ms);
