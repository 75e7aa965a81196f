import { describe, expect, test } from 'vitest';
import { exactCap } from '../../tools/campaigns/exact-cap.ts';

const size = { calls: 160, cap_usd: '1.4', in_flight: 40 };

describe('no cap is passed by a nano-dollar, and nothing is refused that fits', () => {
  test('one process on its embedded database', async () => {
    const scenario = { ...size, title: 'one', database: 'embedded', processes: 1, seed: 21, kill: false } as const;
    const { figures, broken } = await exactCap(scenario);
    expect(broken).toEqual([]);
    expect(figures).toMatchObject({ posted_usd: '1.400000000', holds_at_end: 0, pending_at_end: '0', empty_runs: 0 });
  });

  test('two processes on PostgreSQL, of which one is killed amid the calls', async () => {
    const scenario = { ...size, title: 'two', database: 'postgres', processes: 2, seed: 22, kill: true } as const;
    const { figures, broken } = await exactCap(scenario);
    expect(broken).toEqual([]);
    expect(figures).toMatchObject({ posted_usd: '1.400000000', holds_at_end: 0, pending_at_end: '0' });
  });
});
