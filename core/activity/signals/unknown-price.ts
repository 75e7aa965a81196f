import { countText, defineSignal, spanText } from './define.ts';

/** Within which time, and among how many calls without a price, the newest. */
export const unpriced = { span_ms: 86_400_000, calls: 10_000 } as const;

interface Facts {
  provider: string;
  model: string;
  calls: number;
  /** Whether these are all there were. */
  is_all: boolean;
}

export const unknown_price = defineSignal({
  type: 'UNKNOWN_PRICE',
  title: 'Unknown price',
  watches: `A model was called within ${spanText(unpriced.span_ms)} that has no price, so its calls are in no sum of money`,
  span_ms: unpriced.span_ms,
  severity: () => 'MEDIUM',
  sentence: ({ provider, model, calls, is_all }: Facts) =>
    `${is_all ? '' : 'At least '}${countText(calls, 'call')} to ${provider}/${model} within ${spanText(unpriced.span_ms)} ${calls === 1 ? 'is' : 'are'} in no sum of money, because the model has no price.`,
  template: 'model-allow-list',
  example: {
    facts: { provider: 'openai', model: 'gpt-new', calls: 12, is_all: true },
    sentence: '12 calls to openai/gpt-new within 24 hours are in no sum of money, because the model has no price.',
  },
});
