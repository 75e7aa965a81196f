import { z } from 'zod';
import { wholeNumber } from '../../base/whole-number.ts';
import { window_schema } from '../../base/window.ts';
import { count_per, defineLimit, example_estimate } from './define.ts';

interface Part {
  type: 'tokens_input' | 'tokens_output' | 'tokens_total';
  title: string;
  /** Which sides of a call count. */
  input: boolean;
  output: boolean;
}

/** A limit on tokens: every input token counts, cached ones too; every output token, reasoning included. */
function tokens({ type, title, input, output }: Part) {
  const asked = BigInt((input ? 100 : 0) + (output ? 100 : 0));
  const example = (used: bigint) => ({
    limit: { type, max: 1000, window: { per: 'run' as const }, count_per: 'together' as const },
    used,
    estimate: example_estimate,
  });
  return defineLimit({
    type,
    unit: 'tokens',
    title,
    windows: ['run', 'session', 'minute', 'hour', 'day', 'week', 'month', 'rolling'],
    schema: z.strictObject({
      type: z.literal(type),
      max: wholeNumber(0, 1_000_000_000_000),
      window: window_schema,
      count_per: count_per.default('together'),
    }),
    cap: (limit) => BigInt(limit.max),
    ask: (_, estimate) => ({
      base: input ? BigInt(estimate.input_tokens) : 0n,
      rate: output ? BigInt(estimate.choices) : 0n,
      scale: 1,
    }),
    post: (_, { usage }) => BigInt((input ? usage.input_tokens : 0) + (output ? usage.output_tokens : 0)),
    show: Number,
    refusal: () => ({
      code: 'token_limit_exceeded',
      category: 'TOKEN_LIMIT',
      severity: 'MEDIUM',
      termination: 'BUDGET_EXCEEDED',
    }),
    examples: { under: example(0n), at: example(1000n - asked), over: example(1001n - asked) },
  });
}

export const tokens_input = tokens({ type: 'tokens_input', title: 'input tokens', input: true, output: false });
export const tokens_output = tokens({ type: 'tokens_output', title: 'output tokens', input: false, output: true });
export const tokens_total = tokens({ type: 'tokens_total', title: 'tokens', input: true, output: true });
