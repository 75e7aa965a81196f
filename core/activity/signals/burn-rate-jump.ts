import { defineSignal, minuteText } from './define.ts';

/** How many times the mean, by how much above it (USD), over how many hours before, of which the agent was there for so many. */
export const jump = { times: 3, least_usd: 1, hours: 24, least_hours: 3 } as const;

interface Facts {
  who: string;
  hour: string;
  cost_usd: string;
  mean_usd: string;
  hours: number;
}

export const burn_rate_jump = defineSignal({
  type: 'BURN_RATE_JUMP',
  title: 'Burn-rate jump',
  watches: `In the last complete hour an agent spent at least ${jump.times} times its mean of up to ${jump.hours} hours before (${jump.least_hours} at least), and at least $${jump.least_usd} more`,
  span_ms: 3_600_000,
  severity: () => 'MEDIUM',
  sentence: ({ who, hour, cost_usd, mean_usd, hours }: Facts) =>
    `${who} spent $${cost_usd} in the hour from ${minuteText(hour)}, after $${mean_usd} an hour in the ${hours} hours before.`,
  template: 'daily-cap',
  example: {
    facts: { who: 'support-bot', hour: '2026-01-01T14:00:00.000Z', cost_usd: '4.20', mean_usd: '0.31', hours: 24 },
    sentence:
      'support-bot spent $4.20 in the hour from 2026-01-01 14:00 UTC, after $0.31 an hour in the 24 hours before.',
  },
});
