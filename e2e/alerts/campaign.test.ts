import { expect, test } from 'vitest';
import { tellAll } from '../../tools/campaigns/alerts.ts';

test('each tier is recorded once and arrives under one id, whatever the number of processes and a kill', async () => {
  const { figures, broken } = await tellAll({ calls: 400, processes: 2, in_flight: 16 });
  expect(broken).toEqual([]);
  expect(figures).toMatchObject({ policies: 5, alerts: 32 });
}, 300_000);
