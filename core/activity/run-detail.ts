import { z } from 'zod';
import { count, usd } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { plan } from './plan.ts';
import { run_object } from './run-object.ts';
import { trace } from './trace.ts';

const plan_step = z
  .object({
    name: z.string(),
    skill: z.string(),
    state: z.enum(['pending', 'running', 'succeeded', 'failed', 'skipped']),
    depends_on: z.array(z.string()),
    attempt: z.int(),
    step_id: idOf('step').nullable().meta({ description: 'Its last step in the trace' }),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    output: z.unknown().meta({ description: 'What it gave; only for the key that asked for the run' }),
    started_at: instant.nullable(),
    ended_at: instant.nullable(),
  })
  .meta({ id: 'PlanStep' });

/** Why a run stands still: who let it wait, since when, and what ends that. */
const pause = z
  .object({
    by: z.object({
      kind: z.enum(['person', 'api_key', 'policy']),
      id: z.string().meta({ description: 'The key that paused it, or the policy whose limit holds it' }),
      name: z
        .string()
        .nullable()
        .meta({ description: 'Null: a person or key outside of the only project that the caller sees' }),
    }),
    at: instant,
    reason: z.string(),
    control_id: idOf('control').nullable().meta({ description: 'Of a run that a limit holds: the control' }),
    until: instant.nullable().meta({
      description:
        'When its question is decided without an answer; null: it waits until it is resumed or, where a limit holds it, until that has room',
    }),
    on_timeout: z.enum(['block', 'continue']).nullable().meta({ description: 'What is decided then' }),
  })
  .meta({ id: 'RunPause' });

/** Who or what ended a run at once, and what every process has confirmed since. */
const kill = z
  .object({
    by: z.object({
      kind: z.enum(['person', 'api_key', 'policy']),
      id: z.string().meta({ description: 'The key that killed it, or the policy' }),
      name: z
        .string()
        .nullable()
        .meta({ description: 'Null: a person or key outside of the only project that the caller sees' }),
    }),
    at: instant.meta({ description: 'No call is admitted from then on' }),
    reason: z.string(),
    calls_aborted: z.int().meta({ description: 'Plain calls whose connection to the provider was closed' }),
    streams_cut: z.int().meta({ description: 'Streams whose connection to the provider was closed' }),
    processes_confirmed: z.int(),
    processes_missing: z.int().meta({
      description: 'Processes that live, were there when it was ordered, and have not confirmed it yet',
    }),
  })
  .meta({ id: 'RunKill' });

/** What only runs have that a worker carries out; empty for all others. */
const managed_part = {
  plan: plan.nullable().meta({ description: 'Null until it is made, and for runs without one' }),
  plan_source: z.enum(['given', 'model']).nullable(),
  plan_steps: z.array(plan_step),
  result: z.unknown().meta({ description: 'What came of it; only for the key that asked for the run' }),
  result_withheld: z.boolean().meta({ description: 'There is a result, and it is for another key' }),
  failure: z
    .object({ code: z.string(), message: z.string(), decision_id: idOf('decision').optional() })
    .nullable()
    .meta({ description: 'Why it failed, at last or so far' }),
  retries: z.int().meta({ description: 'How often it has been tried again' }),
  retry_at: instant.nullable().meta({ description: 'When it is tried again' }),
};

/** A run with what belongs to it. */
export const run_detail = run_object
  .extend({
    trace: trace.nullable().meta({ description: 'Null while its first call is being admitted' }),
    pause: pause.nullable().meta({ description: 'What lets it wait now; null: nothing does' }),
    kill: kill.nullable().meta({ description: 'What ended it at once; null: it goes on, or ended by itself' }),
    api_key_name: z.string().nullable().meta({
      description: 'Of the key or the person that began it; null: outside of the only project that the caller sees',
    }),
    session_place: z.object({ nth: count, of: count }).nullable().meta({
      description:
        'Which of the runs of its session it is, in the order in which they began; null: it has no session, or one of more than 10,000 runs',
    }),
    ...managed_part,
    steps_count: count,
    totals: z.object({
      calls: count,
      refused_calls: count,
      input_tokens: count,
      output_tokens: count,
      cost_usd: usd,
      decisions: count.meta({ description: 'Decisions that were more than a plain allow' }),
      violations: count,
      incidents: count,
    }),
    links: z
      .object({ trace: z.string(), steps: z.string(), decisions: z.string(), records: z.string(), ledger: z.string() })
      .meta({ description: 'Paths of the API' }),
  })
  .meta({ id: 'RunDetail' });
