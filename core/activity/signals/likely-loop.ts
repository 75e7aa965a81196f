import { countText, defineSignal, spanText } from './define.ts';

/** How often one run called one tool with the same arguments, and in which time. */
export const loop = { times: 10, span_ms: 300_000 } as const;

interface Facts {
  who: string;
  tool: string;
  params_hash: string;
  times: number;
  span_ms: number;
}

export const likely_loop = defineSignal({
  type: 'LIKELY_LOOP',
  title: 'Likely loop',
  watches: `One run calls the same tool with the same arguments ${loop.times} times within ${spanText(loop.span_ms)}, as far as agents report the arguments of their tools`,
  span_ms: loop.span_ms,
  severity: () => 'HIGH',
  sentence: ({ who, tool, params_hash, times, span_ms }: Facts) =>
    `${who} called ${tool} with the same arguments (hash ${params_hash.slice(0, 8)}) ${countText(times, 'time')} within ${spanText(span_ms)} in one run.`,
  template: 'step-cap',
  example: {
    facts: { who: 'support-bot', tool: 'search_orders', params_hash: '8c1f22aa90', times: 14, span_ms: 118_000 },
    sentence:
      'support-bot called search_orders with the same arguments (hash 8c1f22aa) 14 times within 2 minutes in one run.',
  },
});
