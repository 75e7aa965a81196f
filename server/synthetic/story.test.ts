import { expect, test } from 'vitest';
import { historyOf } from './story.ts';

const hour_ms = 3_600_000;
const day_ms = 24 * hour_ms;

/** What a thousand tokens of the model of the support bot cost, in and out: its cap of the day is a dollar. */
const rates = { in: 0.0025, out: 0.01 };
/** Of a run of the research agent. */
const most_steps = 15;

/** Each hour of the day on some day of four weeks, a moment before it or after. */
const instants = Array.from({ length: 28 }, (_, n) => Date.UTC(2026, 10, 16) + n * 25 * hour_ms + (n % 2 ? 1 : -1));

test.each([
  { runs: 300, days: 7 },
  { runs: 60, days: 3 },
  { runs: 10, days: 1 },
  { runs: 10, days: 28 },
])('a demo of %o holds what its policies stop, on whichever day and at whichever hour it is loaded', (size) => {
  for (const [n, until_ms] of instants.entries()) {
    const runs = historyOf({ ...size, seed: 1 + n, until_ms });
    const spent = new Map<string, number>();
    for (const { at, input_tokens, output_tokens } of runs.flatMap((run) =>
      run.agent === 'support-bot' ? run.calls : [],
    )) {
      const day = at.slice(0, 10);
      spent.set(day, (spent.get(day) ?? 0) + (input_tokens * rates.in + output_tokens * rates.out) / 1000);
    }
    const over = [...spent].filter(([, usd]) => usd > 1).map(([day]) => day);
    const yesterday = new Date(until_ms - day_ms).toISOString().slice(0, 10);
    const at = new Date(until_ms).toISOString();
    expect
      .soft({
        at,
        runs: runs.length,
        is_denied: runs.some(({ killed, calls }) => !killed && calls.at(-1)?.model === 'mock-expensive'),
        is_looping: runs.some(({ agent, calls }) => agent === 'research-agent' && calls.length > most_steps),
        is_overspent: size.days > 1 ? over.includes(yesterday) : over.length > 0,
        is_past: runs.every(({ calls }) => calls.every((of) => Date.parse(of.at) + of.duration_ms < until_ms)),
      })
      .toEqual({ at, runs: size.runs, is_denied: true, is_looping: true, is_overspent: true, is_past: true });
  }
});
