import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { action } from './action.ts';
import { alert_settings } from './alert-settings.ts';
import { detectors, rule_schema } from './detectors/index.ts';
import type { LimitOf } from './limits/define.ts';
import { countedOver, limit_schema, limit_types } from './limits/index.ts';
import { pause } from './pause.ts';

/** What a control may be: types of limits and of rules. */
export const control_types = [...limit_types.keys(), ...detectors.keys()] as [string, ...string[]];

/** Whether what a limit counts stays reached for a time of its own: not what ends with a run, or is in flight. */
function lasts(limit: LimitOf | undefined): boolean {
  const window = limit && countedOver(limit);
  return window !== undefined && !('per' in window && (window.per === 'run' || window.per === 'session'));
}

/** A bounded quantity or a list of what is allowed, with its alerts and what happens when it fires. */
export const control = z
  .strictObject({
    /** Kept over edits: the balances of a control follow its id, so raising a cap keeps what was spent. */
    id: idOf('control').optional(),
    limit: limit_schema.optional(),
    rule: rule_schema.optional(),
    on_failure: z.enum(['block', 'continue']).optional(),
    alerts: alert_settings.optional(),
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
  })
  .refine(({ limit, alerts }) => !alerts?.repeat_minutes || lasts(limit), {
    path: ['alerts', 'repeat_minutes'],
    message:
      'needs a limit over a time (a minute to a month, or rolling): one of a run or session, or of what is in flight, is told once',
  });
export type Control = z.infer<typeof control>;

/** A control of a stored policy: its id is always there. */
export type StoredControl = Control & { id: string };
