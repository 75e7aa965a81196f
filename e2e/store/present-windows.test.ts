import { windowsAt } from '@aos/server/store/limits.ts';
import { balancesFrom } from '@aos/server/store/signal-sources.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshStore, type TestStore } from '../parts/store.ts';

const day_ms = 86_400_000;
const today_ms = Date.UTC(2026, 0, 31);
const at_ms = today_ms + day_ms / 2;

let store: TestStore;
beforeAll(async () => {
  store = await freshStore('postgres');
});
afterAll(() => store?.drop());

const posted = (control_id: string, starts_ms: number[]) =>
  store.db.tenant(store.tenant_id, (tx) =>
    tx.query(
      `insert into balances (tenant_id, control_id, subject, window_start, posted)
        select current_tenant(), $1, '*', start, 10 from unnest($2::timestamptz[]) start`,
      [control_id, starts_ms.map((ms) => new Date(ms).toISOString())],
    ),
  );
const found = (control_id: string, windows: ReturnType<typeof windowsAt>, mark = 1n) =>
  store.db.tenant(store.tenant_id, (tx) => balancesFrom(tx, [{ control_id, mark, ...windows }], 10));

test('of a day its own balance counts, and of no window the only one', async () => {
  await posted('ctl_day', [today_ms - day_ms, today_ms]);
  const windows = windowsAt({ per: 'day', timezone: 'UTC' }, at_ms);
  expect(await found('ctl_day', windows)).toEqual([{ n: 0, subject: '*', posted: '10', pending: '0' }]);
  expect(await found('ctl_day', windows, 11n)).toEqual([]);
  await posted('ctl_none', [0]);
  expect(await found('ctl_none', windowsAt(undefined, at_ms))).toMatchObject([{ posted: '10' }]);
});

test('of a rolling window all buckets count that are not wholly past', async () => {
  const [buckets, bucket_ms] = [60, 60_000];
  const window = { rolling_seconds: (buckets * bucket_ms) / 1000 };
  const before = (count: number) => at_ms - count * bucket_ms;
  await posted('ctl_rolling', [0, 1, buckets, buckets + 1, buckets + 2].map(before));
  expect(await found('ctl_rolling', windowsAt(window, at_ms))).toMatchObject([{ posted: '30' }]);
});
