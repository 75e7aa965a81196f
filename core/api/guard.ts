import { z } from 'zod';
import { count, usd } from '../base/column.ts';
import { instant } from '../base/time.ts';
import { contribution, verdicts } from '../policies/decision-object.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const tokens = z.int().min(0).max(100_000_000);

/** A call that its caller is about to make without the gateway. Whose it is stands in the `x-aos-*` headers. */
const asked = z
  .strictObject({
    kind: z.literal('llm').meta({ description: 'What is about to be called: a model' }),
    model: z
      .string()
      .min(1)
      .max(256)
      .meta({ description: '`provider/model`, a model that one provider serves, or `default`' }),
    messages: z.array(z.looseObject({})).min(1).max(2000).optional(),
    input_tokens: tokens.optional().meta({ description: 'Instead of messages: how large the prompt is' }),
    max_tokens: tokens.optional(),
    choices: z.int().min(1).max(128).default(1),
    tools: z.array(z.string().min(1).max(256)).max(500).default([]).meta({ description: 'Names of those offered' }),
  })
  .superRefine(({ messages, input_tokens }, context) => {
    if ((messages === undefined) !== (input_tokens === undefined)) return;
    const message = 'or input_tokens is needed, one of the two: what the model is to read';
    context.addIssue({ code: 'custom', path: ['messages'], message });
  });
export type GuardAsked = z.infer<typeof asked>;

const refusal = z
  .object({
    status: z.int(),
    retry_after_s: z.number().nullable(),
    error: z.object({
      message: z.string(),
      type: z.string(),
      code: z.string(),
      details: z.record(z.string(), z.unknown()),
    }),
  })
  .meta({ id: 'GuardRefusal' });

const answer = z
  .object({
    allowed: z.boolean().meta({ description: 'The gateway would send it now: continue or warn' }),
    verdict: z.enum(verdicts),
    shadow_verdict: z.enum(verdicts).meta({ description: 'What policies in shadow would have made of it' }),
    refusal: refusal.nullable().meta({ description: 'What the gateway would answer instead of the model' }),
    contributions: z.array(contribution),
    estimate: z
      .object({ input_tokens: count, output_tokens: count, cost_usd: usd.nullable() })
      .meta({ description: 'At most; the cost is null where the model has no price' }),
    decided_at: instant,
  })
  .meta({ id: 'GuardDecision' });
export type GuardAnswer = z.infer<typeof answer>;

/** Decisions for calls that do not pass the gateway. Served beside it, by processes of its role. */
export const guard_endpoints = {
  checkCall: endpoint({
    method: 'POST',
    path: '/v1/guard/check',
    summary: 'What would be decided about a call, without making it: nothing is held, counted or recorded',
    permission: 'call',
    body: asked,
    answer,
  }),
} satisfies Endpoints;
