import { expect, test } from 'vitest';
import { freshness } from '../../tools/campaigns/freshness.ts';

/** The whole campaign is `npm run campaign:freshness`. */
test('no call is admitted under the state before a change that was answered, on any process', async () => {
  const { figures, broken } = await freshness({ processes: 2, callers: 8, edits: 12 });
  expect(broken).toEqual([]);
  expect(figures.stale).toBe(0);
});
