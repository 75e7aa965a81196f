import { z } from 'zod';
import { reason } from '../access/slug.ts';
import { count } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { escalation } from './escalation.ts';
import { severities } from './run.ts';
import { signal_names } from './signals/index.ts';

export const signal_statuses = ['open', 'acknowledged', 'suppressed', 'resolved'] as const;
export type SignalStatus = (typeof signal_statuses)[number];

/** Signals of one type that a look takes in, the gravest first, and that are open or acknowledged at a time. */
export const most_unresolved = 200;

/** Something that deserves attention and is not (yet) an incident: the columns of `signals`, and names. */
export const signal = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('signal'),
    type: z.enum(signal_names),
    subject: z.string().meta({ description: 'What it is about; at most one of each type and subject is not resolved' }),
    status: z.enum(signal_statuses),
    severity: z.enum(severities),
    text: z.string().meta({ description: 'What was found, in one sentence, as it was last seen' }),
    evidence: z.unknown().meta({ description: 'The figures of the sentence' }),
    project_id: idOf('project').nullable(),
    agent_id: idOf('agent').nullable(),
    api_key_id: idOf('api_key').nullable(),
    policy_id: idOf('policy').nullable(),
    run_id: idOf('run').nullable(),
    is_synthetic: z.boolean(),
    times_seen: z.int().meta({ description: 'Looks, one every 15 s, that found the condition' }),
    last_day: z.array(count).meta({ description: 'Looks that found it in each of the last 24 hours, oldest first' }),
    first_seen_at: instant,
    last_seen_at: instant,
    acted_at: instant.nullable().meta({ description: 'When a person acknowledged or suppressed it' }),
    acted_by: z.string().nullable(),
    act_reason: z.string().nullable(),
    acted_severity: z.enum(severities).nullable().meta({ description: 'How grave it was when a person did so' }),
    acted_times_seen: z.int().nullable().meta({ description: 'How often it had been found then' }),
    suppressed_until: instant.nullable().meta({ description: 'Then it is open again, or resolved if it has passed' }),
    escalates: escalation
      .nullable()
      .meta({ description: 'What opens a suppressed one before its time; becoming graver does so too then' }),
    resolved_at: instant.nullable().meta({ description: 'When its condition was found to have passed' }),
    project_slug: z.string().nullable(),
    agent_slug: z.string().nullable(),
    policy_name: z.string().nullable(),
    url: z.string(),
  })
  .meta({ id: 'Signal' });
export type Signal = z.infer<typeof signal>;

const watched_condition = z
  .object({
    type: z.enum(signal_names),
    title: z.string(),
    watches: z.string().meta({ description: 'The condition, with the numbers at which it becomes a signal' }),
    is_full: z.boolean().meta({
      description: `As many as are kept at a time (${most_unresolved}) are open or acknowledged: more may hold`,
    }),
    template: z.string().nullable().meta({ description: 'What a policy against it may start from, in the console' }),
  })
  .meta({ id: 'WatchedCondition' });

export const signal_page = pageOf(signal)
  .extend({ watching: z.array(watched_condition).meta({ description: 'Everything that is watched' }) })
  .meta({ id: 'SignalPage' });

export const acknowledge_signal = z.strictObject({ reason: reason.optional() });

/** Signals are looked for every 15 seconds. */
export const look_every_ms = 15_000;
const looks_an_hour = 3_600_000 / look_every_ms;

/** 15 minutes to 30 days. */
export const suppress_signal = z.strictObject({
  hours: z.number().min(0.25).max(720).meta({ description: 'For how long, in hours' }),
  escalates: escalation
    .refine(({ more_than, hours }) => more_than < looks_an_hour * hours, {
      path: ['more_than'],
      message: `must be less than the looks that there are: ${looks_an_hour} in an hour`,
    })
    .optional()
    .meta({ description: 'Open again before, when more looks than this find it, or when it is graver' }),
  reason,
});
