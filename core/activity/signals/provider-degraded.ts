import { countText, defineSignal, spanText } from './define.ts';

/** How many calls a provider failed, which part of all its calls that is (percent), and in which time. */
export const degraded = { failed: 5, percent: 20, span_ms: 300_000 } as const;

interface Facts {
  provider: string;
  failed: number;
  calls: number;
  error_code: string | null;
}

export const provider_degraded = defineSignal({
  type: 'PROVIDER_DEGRADED',
  title: 'Provider degraded',
  watches: `A provider failed ${countText(degraded.failed, 'call')} and ${degraded.percent} % of all within ${spanText(degraded.span_ms)}: no answer, too many requests (429) or an error of its own (5xx)`,
  span_ms: degraded.span_ms,
  severity: () => 'HIGH',
  sentence: ({ provider, failed, calls, error_code }: Facts) =>
    `${provider} failed ${failed} of ${countText(calls, 'call')} within ${spanText(degraded.span_ms)}${error_code === null ? '' : `, most with ${error_code}`}.`,
  template: null,
  example: {
    facts: { provider: 'openai', failed: 14, calls: 40, error_code: 'provider_503' },
    sentence: 'openai failed 14 of 40 calls within 5 minutes, most with provider_503.',
  },
});
