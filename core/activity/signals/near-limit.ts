import { type LimitFacts, limitText } from '../signal-limit.ts';
import { defineSignal, minuteText } from './define.ts';

/** Where a limit has no alert tier of its own below 100 %. */
export const near_percent = 90;

export const near_limit = defineSignal({
  type: 'NEAR_LIMIT',
  title: 'Near limit',
  watches: `A limit counted over time is used up to its last alert tier below 100 %, or to ${near_percent} % where it has none`,
  span_ms: 3_600_000,
  severity: ({ used_percent, mode }) => (mode === 'shadow' ? 'LOW' : used_percent >= 100 ? 'HIGH' : 'MEDIUM'),
  sentence: (facts: LimitFacts) =>
    `${limitText(facts)} (${facts.used_percent} %)${facts.resets_at === null ? '' : `, until ${minuteText(facts.resets_at)}`}.`,
  template: null,
  example: {
    facts: {
      policy_name: 'Daily cap',
      mode: 'enforce',
      control_id: 'ctl_01k00000000000000000000000',
      limit: 'cost of $10.00 in one day (UTC)',
      whose: 'support-bot',
      used: '$9.20',
      used_percent: 92,
      resets_at: '2026-01-02T00:00:00.000Z',
    },
    sentence:
      'Daily cap for support-bot: $9.20 used of the limit on cost of $10.00 in one day (UTC) (92 %), until 2026-01-02 00:00 UTC.',
  },
});
