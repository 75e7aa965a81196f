import { z } from 'zod';
import { defineSkill } from './define.ts';

const params = z.strictObject({
  prompt: z.string().min(1).max(200_000),
  system: z.string().min(1).max(50_000).optional(),
  model: z.string().min(1).max(200).optional(),
  max_tokens: z.int().min(1).max(1_000_000).optional(),
});

/** Asks the model of the run, or another one, with the results of the steps before it. */
export const llm = defineSkill({
  name: 'llm',
  title: 'ask a model',
  kind: 'llm',
  params,
  effects: 'repeatable',
  cost: 'the tokens of its prompt and its answer, at the price of the model',
  failures: {
    provider_error: 'the provider answered with an error, or not at all',
    answer_unreadable: 'the answer holds no text',
  },
  examples: {
    good: [
      { prompt: 'Say hello.' },
      { prompt: 'Sum up.', system: 'You are brief.', model: 'mock-small', max_tokens: 50 },
    ],
    bad: [{}, { prompt: '' }, { prompt: 'x', max_tokens: 0 }, { prompt: 'x', temperature: 1 }],
  },
  ask({ prompt, system, model, max_tokens }, results) {
    const known = Object.entries(results).map(([name, result]) => `Result of "${name}":\n${textOf(result)}`);
    return {
      model,
      max_tokens,
      messages: [
        ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
        { role: 'user', content: [...known, prompt].join('\n\n') },
      ],
    };
  },
});

const textOf = (result: unknown): string => (typeof result === 'string' ? result : JSON.stringify(result));
