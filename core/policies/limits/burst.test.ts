import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BalanceKey, balanceOf } from '../reserve.ts';
import { limit_schema } from './index.ts';

const asker = {
  tenant_id: 'ten_1',
  project: { id: 'prj_1', slug: 'default' },
  api_key: { id: 'key_1', lineage_id: 'key_1' },
  agent: null,
  actor: null,
  session: null,
  run_id: 'run_1',
};

/** The books as they count: an amount for each start, and for a rolling window every bucket after an instant. */
function openBooks() {
  const amounts = new Map<number, number>();
  return {
    used: ({ window_start_ms, since_ms }: BalanceKey) =>
      [...amounts].reduce(
        (sum, [start, amount]) =>
          start === window_start_ms || (since_ms !== null && start > since_ms) ? sum + amount : sum,
        0,
      ),
    take: ({ window_start_ms }: BalanceKey) =>
      void amounts.set(window_start_ms, (amounts.get(window_start_ms) ?? 0) + 1),
  };
}

const windows = [
  { window: { per: 'minute' as const, timezone: 'Asia/Kathmandu' }, seconds: 60 },
  { window: { rolling_seconds: 10 }, seconds: 10 },
  { window: { rolling_seconds: 60 }, seconds: 60 },
];

test.each(windows)(
  'requests over $seconds seconds: any stretch of time t admits no more than burst + rate * t ($window)',
  ({ window, seconds }) => {
    const arrivals = fc.array(fc.nat(seconds * 400), { minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(60_000), arrivals, (max, offset, gaps) => {
        const limit = limit_schema.parse({ type: 'requests', max, window });
        const books = openBooks();
        const admitted: number[] = [];
        let at_ms = 1_800_000_000_000 + offset;
        for (const gap of gaps) {
          at_ms += gap;
          const { key } = balanceOf('ctl_1', limit, asker, at_ms);
          if (books.used(key) + 1 > max) continue;
          books.take(key);
          admitted.push(at_ms);
        }
        for (const [n, from] of admitted.entries()) {
          for (const [m, to] of admitted.entries()) {
            if (m < n) continue;
            expect(m - n + 1).toBeLessThanOrEqual(max + (max / seconds) * ((to - from) / 1000));
          }
        }
        // The limit is a limit and not a wall: after a quiet window the whole burst is there again.
        const { key } = balanceOf('ctl_1', limit, asker, at_ms + seconds * 1000 + Math.ceil(seconds / 60) * 1000);
        expect(books.used(key)).toBe(0);
      }),
      { numRuns: 200 },
    );
  },
);
