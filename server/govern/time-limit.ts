import type { Asker } from '@aos/core/activity/call.ts';
import { present } from '@aos/core/base/assert.ts';
import { type Decision, decide } from '@aos/core/policies/decide.ts';
import type { Timed } from '@aos/core/policies/reserve.ts';
import type { Clock } from '../base/deps.ts';
import type { InFlight } from './in-flight.ts';

/** Timers count in 32 bits; a longer wait is looked at again on the way. */
const longest_wait_ms = 2_000_000_000;

/** While a run stands still its time does not go on: this often it is looked whether it does. */
const paused_wait_ms = 50;

/** Ends a call at the instant at which an enforced limit on time is passed. `asker` learns of pauses meanwhile. */
export function endInTime(clock: Clock, in_flight: InFlight, timed: readonly Timed[], asker: Asker): void {
  const enforced = timed.filter(({ line }) => line.cap !== null);
  if (enforced.length === 0) return;
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    const now = enforced.map(({ line }) => ({ line, seen: { posted: usedAt(line, asker, clock.now()), pending: 0n } }));
    const decision = judge(now);
    if (decision.verdict !== 'continue') return in_flight.end(decision);
    const left_ms = Math.min(...now.map(({ line, seen }) => Number(line.max - seen.posted)));
    const stands_still = (asker.run_paused_since_ms ?? null) !== null;
    timer = setTimeout(look, Math.min(Math.max(left_ms + 1, stands_still ? paused_wait_ms : 0), longest_wait_ms));
    timer.unref();
  };
  look();
  in_flight.onLeave(() => clearTimeout(timer));
}

const judge = (lines: Timed[]): Decision => decide({ rules: [], lines, unmeasurable: [], output_bound: 0 });

const usedAt = ({ type, limit }: Timed['line'], asker: Asker, at_ms: number): bigint =>
  present(type.clock, 'the clock of a limit on time')(limit, asker, at_ms);
