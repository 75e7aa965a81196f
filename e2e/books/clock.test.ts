import { expect, test } from 'vitest';
import { clockSteps } from '../../tools/campaigns/clock.ts';
import { whyNoSteppedClock } from '../../tools/campaigns/parts/stepped-clock.ts';

const missing = whyNoSteppedClock();

test.skipIf(missing !== null)(
  `the clock of a machine is set on and back: limits, runs, sessions, ids and the ledger go on${missing === null ? '' : ` (skipped: ${missing})`}`,
  async () => {
    const scenario = { offsets: ['+1h', '-1h', '+1d'], stretch_s: 2, caps: { daily: 12, bursting: 8 } };
    const { broken, figures } = await clockSteps(scenario);
    expect(broken).toEqual([]);
    expect(figures).toMatchObject({ admitted: { daily: 12, bursting: 8 }, taken_over: 0, day_windows: 1 });
  },
);
