import { usdOfNano } from '../base/money.ts';
import { instantText } from '../base/time.ts';
import { windowAt } from '../base/window.ts';
import type { Action } from './action.ts';

/** One local day of a preview. */
interface Day {
  start_ms: number;
  calls: number;
  fired: Record<Action, number>;
  not_counted: number;
  spend_nano: bigint;
  spend_not_made_nano: bigint;
  first_hit_ms: number | null;
}

const hour_ms = 3_600_000;

/** What would have happened by local day, and when in the day it began. */
export class DayTally {
  readonly #days = new Map<number, Day>();
  readonly #by_hour = new Array<number>(24).fill(0);
  readonly #timezone: string;

  constructor(timezone: string) {
    this.#timezone = timezone;
  }

  decided(at_ms: number, fired: Action | null, cost_nano: bigint, stopped: boolean): void {
    const day = this.#at(at_ms);
    day.calls += 1;
    day.spend_nano += cost_nano;
    if (stopped) day.spend_not_made_nano += cost_nano;
    if (fired === null) return;
    day.fired[fired] += 1;
    day.first_hit_ms ??= at_ms;
    const hour = Math.min(23, Math.floor((at_ms - day.start_ms) / hour_ms));
    this.#by_hour[hour] = (this.#by_hour[hour] ?? 0) + 1;
  }

  notCounted(at_ms: number, cost_nano: bigint): void {
    const day = this.#at(at_ms);
    day.calls += 1;
    day.not_counted += 1;
    day.spend_nano += cost_nano;
    day.spend_not_made_nano += cost_nano;
  }

  get by_day() {
    const days = [...this.#days.values()].sort((a, b) => a.start_ms - b.start_ms);
    return days.map((day) => ({
      day: this.#dayName(day.start_ms),
      calls: day.calls,
      noted: day.fired.continue,
      warned: day.fired.warn,
      paused: day.fired.pause,
      blocked: day.fired.block,
      killed: day.fired.kill,
      not_counted: day.not_counted,
      spend_usd: usdOfNano(day.spend_nano),
      spend_not_made_usd: usdOfNano(day.spend_not_made_nano),
      first_hit_at: day.first_hit_ms === null ? null : instantText(day.first_hit_ms),
    }));
  }

  /** On how many days it would have fired, the middle one of the times at which it began, and how often by hour. */
  get first_hit() {
    const hits = [...this.#days.values()].flatMap(({ first_hit_ms, start_ms }) =>
      first_hit_ms === null ? [] : [first_hit_ms - start_ms],
    );
    hits.sort((a, b) => a - b);
    const middle = hits[Math.floor((hits.length - 1) / 2)];
    return {
      days: this.#days.size,
      days_hit: hits.length,
      typical: middle === undefined ? null : clockText(middle),
      by_hour: [...this.#by_hour],
    };
  }

  #at(at_ms: number): Day {
    const { start_ms } = windowAt({ per: 'day', timezone: this.#timezone }, at_ms);
    let day = this.#days.get(start_ms);
    if (!day) {
      const fired = { continue: 0, warn: 0, pause: 0, block: 0, kill: 0 };
      day = { start_ms, calls: 0, fired, not_counted: 0, spend_nano: 0n, spend_not_made_nano: 0n, first_hit_ms: null };
      this.#days.set(start_ms, day);
    }
    return day;
  }

  /** A day begins between its midnight in UTC less 14 hours and plus 12: noon of it is on the same date everywhere. */
  #dayName(start_ms: number): string {
    const options = { timeZone: this.#timezone, year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    return new Intl.DateTimeFormat('en-CA', options).format(start_ms + 12 * hour_ms);
  }
}

/** Milliseconds since the local day began → `17:20`. */
const clockText = (ms: number): string => {
  const minutes = Math.min(24 * 60 - 1, Math.floor(ms / 60_000));
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
};
