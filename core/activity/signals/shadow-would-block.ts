import { defineSignal, spanText } from './define.ts';

export const shadowed = { span_ms: 86_400_000, most: 10_000 } as const;

interface Facts {
  policy_name: string;
  /** At most `shadowed.most`. */
  times: number;
}

export const shadow_would_block = defineSignal({
  type: 'SHADOW_WOULD_BLOCK',
  title: 'Shadow would block',
  watches: `A policy in shadow would have paused, blocked or killed within ${spanText(shadowed.span_ms)}`,
  span_ms: shadowed.span_ms,
  severity: () => 'LOW',
  sentence: ({ policy_name, times }: Facts) =>
    `In force, the policy "${policy_name}" would have stopped something ${times >= shadowed.most ? `at least ${times}` : times} ${times === 1 ? 'time' : 'times'} within ${spanText(shadowed.span_ms)}; it is in shadow.`,
  template: null,
  example: {
    facts: { policy_name: 'Daily cap', times: 7 },
    sentence: 'In force, the policy "Daily cap" would have stopped something 7 times within 24 hours; it is in shadow.',
  },
});
