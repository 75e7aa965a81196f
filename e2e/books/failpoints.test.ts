import { failpoints } from '@aos/server/base/failpoint.ts';
import { expect, test } from 'vitest';
import { crashes } from '../../tools/campaigns/failpoints.ts';

const kills = 2;

test('whatever a process was doing when it was killed, the books are right after a restart', async () => {
  const { figures, broken } = await crashes({ points: failpoints, kills, at_once: 3, calls: 16, seed: 31 });
  expect(broken).toEqual([]);
  const died = Object.fromEntries(failpoints.map((point) => [point, kills]));
  expect(figures).toMatchObject({ ...died, holds_at_end: 0, pending_at_end: '0' });
});
