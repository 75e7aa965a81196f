import { type LimitFacts, limitText } from '../signal-limit.ts';
import { defineSignal, minuteText } from './define.ts';

/** How far ahead is looked. */
export const forecast_hours = 24;

export const forecast_breach = defineSignal({
  type: 'FORECAST_BREACH',
  title: 'Forecast breach',
  watches: `A limit of which a tenth is used will be spent before its window ends, within ${forecast_hours} hours, if it goes on like this`,
  span_ms: 3_600_000,
  severity: ({ mode }) => (mode === 'shadow' ? 'LOW' : 'MEDIUM'),
  sentence: (facts: LimitFacts & { empties_at: string }) =>
    `${limitText(facts)}; spent at ${minuteText(facts.empties_at)} if it goes on like this.`,
  template: null,
  example: {
    facts: {
      policy_name: 'Daily cap',
      mode: 'enforce',
      control_id: 'ctl_01k00000000000000000000000',
      limit: 'cost of $10.00 in one day (UTC)',
      whose: null,
      used: '$6.00',
      used_percent: 60,
      resets_at: '2026-01-02T00:00:00.000Z',
      empties_at: '2026-01-01T16:00:00.000Z',
    },
    sentence:
      'Daily cap: $6.00 used of the limit on cost of $10.00 in one day (UTC); spent at 2026-01-01 16:00 UTC if it goes on like this.',
  },
});
