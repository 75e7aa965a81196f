import { z } from 'zod';
import { display_name, reason } from '../access/slug.ts';
import { escalation } from '../activity/escalation.ts';
import type { Escalation } from '../activity/escalation-text.ts';
import { categories, severities } from '../activity/run.ts';
import { idOf } from '../base/id.ts';
import { type IncidentCause, type IncidentStatus, incident_causes } from './incident.ts';

/** The most incidents that one request changes. */
export const most_at_once = 500;

const hours = z
  .number()
  .min(0.25)
  .max(168)
  .default(4)
  .meta({ description: 'For how long, in hours: then it is open again' });

export const acknowledge = z.strictObject({
  hours,
  escalates: escalation.optional().meta({
    description: 'Open again before, when its policy is violated more often than this by its agent in its category',
  }),
  reason: reason.optional(),
});
/** What a person saw in a run that no control did, or that is more than what they said. */
export const open_by_hand = z.strictObject({
  run_id: idOf('run'),
  policy_id: idOf('policy')
    .optional()
    .meta({ description: 'The policy that it is about; absent: none had a part in it' }),
  category: z.enum(categories),
  severity: z.enum(severities),
  title: z.string().trim().min(1).max(300).meta({ description: 'What happened, in a line' }),
  reason,
});
export type OpenByHand = z.infer<typeof open_by_hand>;

export const resolve = z.strictObject({ cause: z.enum(incident_causes), reason });
export const reopen = z.strictObject({ reason });
export const assign = z.strictObject({ owner: display_name.nullable(), reason: reason.optional() });

/** What people do with incidents. */
export const acts = z.discriminatedUnion('kind', [
  acknowledge.extend({ kind: z.literal('acknowledge') }),
  resolve.extend({ kind: z.literal('resolve') }),
  reopen.extend({ kind: z.literal('reopen') }),
  assign.extend({ kind: z.literal('assign') }),
]);
export type IncidentAct = z.infer<typeof acts>;
export type IncidentActKind = IncidentAct['kind'];

/** What an act needs an incident to be, and how the ledger calls it. */
export const act_rules: Record<IncidentActKind, { from: readonly IncidentStatus[]; event: string; done: string }> = {
  acknowledge: { from: ['open'], event: 'INCIDENT_ACKNOWLEDGED', done: 'acknowledged' },
  resolve: { from: ['open', 'acknowledged'], event: 'INCIDENT_RESOLVED', done: 'resolved' },
  reopen: { from: ['acknowledged', 'resolved'], event: 'INCIDENT_REOPENED', done: 'reopened' },
  assign: { from: ['open', 'acknowledged'], event: 'INCIDENT_ASSIGNED', done: 'assigned' },
};

/** The columns an act sets. */
export interface IncidentPatch {
  status?: IncidentStatus;
  owner?: string | null;
  acknowledged_at?: string | null;
  acknowledged_by?: string | null;
  acknowledged_until?: string | null;
  escalates?: Escalation | null;
  resolved_at?: string | null;
  resolved_by?: string | null;
  cause?: IncidentCause | null;
  resolution?: string | null;
}

/** What becomes of an incident; `until` is when an acknowledgement ends. */
export function patchOf(act: IncidentAct, by: string, at: string, until: (hours: number) => string): IncidentPatch {
  switch (act.kind) {
    case 'acknowledge':
      return {
        status: 'acknowledged',
        acknowledged_at: at,
        acknowledged_by: by,
        acknowledged_until: until(act.hours),
        escalates: act.escalates ?? null,
      };
    case 'resolve':
      return {
        status: 'resolved',
        acknowledged_until: null,
        escalates: null,
        resolved_at: at,
        resolved_by: by,
        cause: act.cause,
        resolution: act.reason,
      };
    case 'reopen':
      return reopened;
    case 'assign':
      return { owner: act.owner };
  }
}

export const reopened: IncidentPatch = {
  status: 'open',
  acknowledged_at: null,
  acknowledged_by: null,
  acknowledged_until: null,
  escalates: null,
  resolved_at: null,
  resolved_by: null,
  cause: null,
  resolution: null,
};
