import { present } from '../base/assert.ts';
import { refuses } from './action.ts';
import type { LimitOf, LimitType } from './limits/define.ts';
import { typeOf } from './limits/index.ts';
import type { RecordedCall } from './replay.ts';
import type { Line } from './reserve.ts';
import type { ActivePolicy } from './snapshot.ts';

interface Kept {
  control: number;
  limit: LimitOf;
  type: LimitType;
  stops: boolean;
  /** By subject and window. */
  used: Map<string, bigint>;
  largest_call: bigint;
}

const most_bins = 20;

/**
 * What was really used of each limit of a policy, window by window, as if it had stopped nobody: what a cap is chosen by.
 * A rolling window is taken in stretches of its length; what counts only while it is in flight has no windows.
 */
export class UsageTally {
  readonly #of = new Map<string, Kept>();

  constructor({ document }: ActivePolicy) {
    for (const [control, { id, limit, action }] of document.controls.entries()) {
      if (!limit?.window) continue;
      const type = typeOf(limit);
      if (type.unit === 'usd_per_minute' || type.counts_runs) continue;
      this.#of.set(id, { control, limit, type, stops: refuses(action), used: new Map(), largest_call: 0n });
    }
  }

  /** What a call asks of these lines it also used, unless it was not made. */
  asked(lines: readonly Line[], { used, admitted_at_ms }: RecordedCall): void {
    if (!used) return;
    for (const { control, type, limit, key } of lines) {
      const kept = this.#of.get(control.id);
      if (!kept) continue;
      const amount = type.post(limit, used);
      const window = `${key.subject} ${startOf(limit, key.window_start_ms, admitted_at_ms)}`;
      kept.used.set(window, (kept.used.get(window) ?? 0n) + amount);
      if (amount > kept.largest_call) kept.largest_call = amount;
    }
  }

  get limits() {
    return [...this.#of.values()].map(({ control, limit, type, stops, used, largest_call }) => {
      const amounts = [...used.values()].sort((a, b) => (a < b ? -1 : Number(a > b)));
      const show = (amount: bigint) => type.show(amount, limit);
      return {
        ...{ control, type: limit.type, window: present(limit.window, 'the window of a limit'), unit: type.unit },
        ...{ windows: amounts.length, stops },
        p50: show(shareOf(amounts, 50)),
        p95: show(shareOf(amounts, 95)),
        max: show(amounts.at(-1) ?? 0n),
        largest_call: show(largest_call),
        bins: binsOf(amounts).map(({ from, to, windows }) => ({ from: show(from), to: show(to), windows })),
      };
    });
  }
}

function startOf({ window }: LimitOf, window_start_ms: number, at_ms: number): number {
  if (!window || !('rolling_seconds' in window)) return window_start_ms;
  return Math.floor(at_ms / (window.rolling_seconds * 1000));
}

/** The amount that so many percent of the windows do not exceed. */
function shareOf(sorted: readonly bigint[], percent: number): bigint {
  if (sorted.length === 0) return 0n;
  return present(sorted[Math.ceil((sorted.length * percent) / 100) - 1], 'an amount');
}

/** How many windows used how much: stretches of one width from zero to the most, each with its upper end. */
function binsOf(sorted: readonly bigint[]): { from: bigint; to: bigint; windows: number }[] {
  const most = sorted.at(-1) ?? 0n;
  if (most === 0n) return [];
  const width = (most + BigInt(most_bins) - 1n) / BigInt(most_bins);
  const bins = Array.from({ length: Number((most + width - 1n) / width) }, (_, n) => ({
    from: BigInt(n) * width,
    to: BigInt(n + 1) * width,
    windows: 0,
  }));
  for (const amount of sorted)
    present(bins[amount === 0n ? 0 : Number((amount - 1n) / width)], 'a stretch of amounts').windows += 1;
  return bins;
}
