import { expect, test } from 'vitest';
import { previews } from '../../tools/campaigns/preview.ts';

test('a preview replays a made-up past, and enforcement over the books of the database agrees with it', async () => {
  const { broken, figures } = await previews({ calls: 3_000, days: 2, enforced: 250 });
  expect(broken).toEqual([]);
  expect(figures).toMatchObject({ enforced: 250, agreed: 250 });
});
