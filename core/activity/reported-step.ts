import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { any_json } from '../base/json.ts';
import { instant } from '../base/time.ts';
import { step_kinds } from './step.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 in 64 lower-case hexadecimal digits');

/** Steps of one report. */
const steps_max = 100;

/** A step that an agent took by itself, as it tells it afterwards. */
export const reported_step = z
  .strictObject({
    id: idOf('step').optional().meta({
      description:
        'Made by the agent when the step began, so that what happens in it can name it; reported twice, it counts once',
    }),
    kind: z.enum(step_kinds),
    name: z.string().trim().min(1).max(200).meta({ description: 'Of a tool: as policies name it' }),
    parent_step_id: idOf('step').optional(),
    params: any_json.optional().meta({ description: 'Kept as its sha256, for contents are not stored' }),
    params_hash: sha256.optional(),
    result: any_json.optional().meta({ description: 'Kept as its sha256, for contents are not stored' }),
    result_hash: sha256.optional(),
    started_at: instant,
    ended_at: instant,
    status: z.enum(['succeeded', 'failed', 'cancelled']).default('succeeded'),
    error: z.strictObject({ code: z.string().min(1).max(100), message: z.string().max(2_000) }).optional(),
    through_gateway: z.boolean().default(false).meta({
      description:
        'The gateway has seen it, or will: the call of a model itself, or the result of a tool in a later call. Then it is not counted again',
    }),
  })
  .refine(({ params, params_hash }) => params === undefined || params_hash === undefined, {
    message: 'give params or params_hash, not both',
    path: ['params_hash'],
  })
  .refine(({ result, result_hash }) => result === undefined || result_hash === undefined, {
    message: 'give result or result_hash, not both',
    path: ['result_hash'],
  })
  .refine(({ started_at, ended_at }) => started_at <= ended_at, {
    message: 'must not be before started_at',
    path: ['ended_at'],
  })
  .meta({ id: 'ReportedStep' });
export type ReportedStep = z.infer<typeof reported_step>;

export const step_report = z.strictObject({
  steps: z
    .array(reported_step)
    .min(1)
    .max(steps_max)
    .superRefine((steps, context) => {
      const seen = new Set<string>();
      for (const [n, { id }] of steps.entries()) {
        if (id !== undefined && seen.has(id))
          context.addIssue({ code: 'custom', message: 'stands twice in this report', path: [n, 'id'] });
        if (id !== undefined) seen.add(id);
      }
    }),
});

const told_step = z
  .object({
    id: idOf('step'),
    decision_id: idOf('decision'),
    decision: z.string().meta({ description: 'continue, warn, pause, block or kill' }),
    code: z.string().nullable(),
    message: z.string().nullable().meta({ description: 'Why, in words; null where nothing fired' }),
    policy_id: z.string().nullable(),
    url: z.string(),
  })
  .meta({ id: 'ToldStep' });

/** What an agent is told about the steps that it reported. */
export const steps_told = z
  .object({
    run_id: idOf('run'),
    decision: z.string().meta({ description: 'The strictest of all' }),
    stop: z
      .boolean()
      .meta({ description: 'The agent has to stop: a limit is passed, or the run is paused or contained' }),
    items: z.array(told_step),
  })
  .meta({ id: 'StepsTold' });
export type StepsTold = z.infer<typeof steps_told>;
