import { expect, test } from 'vitest';
import { historyOf } from './story.ts';

const hour_ms = 3_600_000;
const day_ms = 24 * hour_ms;

/** What a thousand tokens of the model of the support bot cost, in and out: its cap of the day is a dollar. */
const rates = { in: 0.0025, out: 0.01 };

test('the demo goes beyond the cap of yesterday, on whichever day and at whichever hour it is loaded', () => {
  const monday_ms = Date.UTC(2026, 10, 30);
  for (let n = 0; n < 14; n++) {
    const until_ms = monday_ms + n * day_ms + ((n * 5 * hour_ms) % day_ms);
    const yesterday = new Date(until_ms - day_ms).toISOString().slice(0, 10);
    const calls = historyOf({ runs: 300, days: 7, seed: 1 + n, until_ms })
      .filter(({ agent }) => agent === 'support-bot')
      .flatMap((run) => run.calls)
      .filter(({ at }) => at.startsWith(yesterday));
    const spent = calls.reduce(
      (sum, of) => sum + (of.input_tokens * rates.in + of.output_tokens * rates.out) / 1000,
      0,
    );
    expect.soft([yesterday, spent > 1]).toEqual([yesterday, true]);
  }
});
