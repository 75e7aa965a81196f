import { countText, defineSignal, spanText } from './define.ts';

/** How many calls failed, and in which time. */
export const burst = { failed: 10, span_ms: 300_000 } as const;

interface Facts {
  who: string;
  failed: number;
  /** The error that was seen most. */
  error_code: string | null;
}

export const error_burst = defineSignal({
  type: 'ERROR_BURST',
  title: 'Error burst',
  watches: `${countText(burst.failed, 'call')} of one agent, or of a key that names no agent, failed within ${spanText(burst.span_ms)}`,
  span_ms: burst.span_ms,
  severity: () => 'MEDIUM',
  sentence: ({ who, failed, error_code }: Facts) =>
    `${countText(failed, 'call')} of ${who} failed within ${spanText(burst.span_ms)}${error_code === null ? '' : `, most with ${error_code}`}.`,
  template: 'requests-per-minute',
  example: {
    facts: { who: 'support-bot', failed: 23, error_code: 'provider_500' },
    sentence: '23 calls of support-bot failed within 5 minutes, most with provider_500.',
  },
});
