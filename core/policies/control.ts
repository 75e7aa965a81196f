import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { action } from './action.ts';
import { detectors, rule_schema } from './detectors/index.ts';
import { limit_schema, limit_types } from './limits/index.ts';
import { pause } from './pause.ts';

/** What a control may be: types of limits and of rules. */
export const control_types = [...limit_types.keys(), ...detectors.keys()] as [string, ...string[]];

/** At which parts of the cap an alert is due, in percent; 100 is always recorded. */
const alerts = z.strictObject({
  enabled: z.boolean().default(true),
  tiers: z.array(z.int().min(1).max(99)).max(10).default([50, 70, 90]),
  /** Warn when the limit will be spent before its window ends, so many hours ahead; null or absent: never. */
  forecast_hours: z.number().positive().max(744).nullable().optional(),
  channels: z.array(z.string().min(1).max(128)).max(20).default([]),
  /** Its alerts stay open until a person acknowledges them. */
  requires_ack: z.boolean().optional(),
});

/** A bounded quantity or a list of what is allowed, with its alerts and what happens when it fires. */
export const control = z
  .strictObject({
    /** Kept over edits: the balances of a control follow its id, so raising a cap keeps what was spent. */
    id: idOf('control').optional(),
    limit: limit_schema.optional(),
    rule: rule_schema.optional(),
    on_failure: z.enum(['block', 'continue']).optional(),
    alerts: alerts.optional(),
    action: action,
    pause: pause.optional(),
    message: z.string().min(1).max(500).optional(),
    incident: z.boolean().optional(),
  })
  .refine((value) => (value.limit === undefined) !== (value.rule === undefined), {
    message: 'needs exactly one of "limit" (a bounded quantity) and "rule" (a list or a detector)',
  })
  .refine((value) => value.pause === undefined || value.action === 'pause', {
    path: ['pause'],
    message: 'says how to wait, so the action must be "pause"',
  });
export type Control = z.infer<typeof control>;

/** A control of a stored policy: its id is always there. */
export type StoredControl = Control & { id: string };
