import { expect, test } from 'vitest';
import { markdownOf } from './step-markdown.ts';
import type { ShownStep } from './step-words.ts';

const step = {
  id: 'stp_1',
  run_id: 'run_1',
  kind: 'llm',
  skill: 'llm',
  status: 'blocked',
  started_at: '2026-11-30T09:41:56.000Z',
  ended_at: '2026-11-30T09:41:56.000Z',
  duration_ms: 0,
  provider: 'mock',
  model: 'mock`-large\n# all is well',
  input_tokens: null,
  output_tokens: null,
  cost_usd: null,
  record_id: null,
  decision_id: 'dec_1',
  verdict: 'block',
  shadow_verdict: null,
  error: { code: 'budget_exceeded', message: '$1.00 used' },
} as unknown as ShownStep;

test('a step is told in lines, what it has not is left out, and what callers wrote cannot be more than text', () => {
  expect(markdownOf(step)).toBe(
    [
      "**`mock'-large # all is well`** (llm), blocked",
      '',
      '- Step `stp_1` of run `run_1`',
      '- Started 2026-11-30 09:41:56.000 UTC, took 0 ms',
      "- Model `mock / mock'-large # all is well`",
      '- Decision `dec_1`: blocked',
      '- Error `budget_exceeded: $1.00 used`',
      '',
    ].join('\n'),
  );
});

test('a call without a price says so and not nothing', () => {
  const called = { ...step, record_id: 'rec_1', input_tokens: 1_200, output_tokens: 7, error: null };
  expect(markdownOf(called)).toContain('- Tokens 1,200 in, 7 out\n- Cost price unknown, record `rec_1`\n');
});
