import { present } from '../base/assert.ts';
import { alertWindow, markOf, tiersOf } from './alert.ts';
import { channelsOf } from './alert-settings.ts';
import type { KeptBalance } from './replay-books.ts';
import type { Line } from './reserve.ts';
import type { ActivePolicy } from './snapshot.ts';

interface Tiers {
  control: number;
  percents: readonly number[];
  counts: number[];
  /** Of each tier. */
  channels: readonly (readonly string[])[];
}

/** How many tiers of a balance were told in the window that is present. */
interface Told {
  window_start_ms: number;
  tiers: number;
}

/** Alerts that would have been due: each tier once for each control, subject and window. */
export class AlertTally {
  readonly #of = new Map<string, Tiers>();
  readonly #told = new WeakMap<KeptBalance, Told>();

  constructor({ document }: ActivePolicy) {
    for (const [control, stored] of document.controls.entries()) {
      if (!stored.limit) continue;
      const percents = tiersOf(stored);
      const channels = percents.map((percent) => channelsOf(stored.alerts, percent));
      this.#of.set(stored.id, { control, percents, counts: percents.map(() => 0), channels });
    }
  }

  /** A balance stands at another amount. */
  filled({ control, limit, max }: Line, balance: KeptBalance, at_ms: number): void {
    const { percents, counts } = present(this.#of.get(control.id), `the tiers of ${control.id}`);
    const [lowest] = percents;
    const used = balance.posted + balance.pending;
    if (lowest === undefined || used < markOf(lowest, max)) return;
    const told = this.#toldOf(balance, alertWindow(limit, at_ms).start_ms);
    for (let nth = told.tiers; nth < percents.length && used >= markOf(percents[nth] ?? 0, max); nth++) {
      counts[nth] = (counts[nth] ?? 0) + 1;
      told.tiers = nth + 1;
    }
  }

  #toldOf(balance: KeptBalance, window_start_ms: number): Told {
    const known = this.#told.get(balance);
    if (known?.window_start_ms === window_start_ms) return known;
    const told = { window_start_ms, tiers: 0 };
    this.#told.set(balance, told);
    return told;
  }

  get tiers() {
    return [...this.#of.values()].flatMap(({ control, percents, counts }) =>
      percents.map((percent, n) => ({ control, percent, alerts: counts[n] ?? 0 })),
    );
  }

  /** How often each channel would have been told. */
  get channels() {
    const told = new Map<string, number>();
    for (const { channels, counts } of this.#of.values())
      for (const [n, alerts] of counts.entries())
        for (const channel of channels[n] ?? []) told.set(channel, (told.get(channel) ?? 0) + alerts);
    return [...told].map(([channel, alerts]) => ({ channel, alerts }));
  }
}
