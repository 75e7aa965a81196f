import type { Escalation } from '@aos/core/activity/escalation-text.ts';
import { type Category, type Severity, severities } from '@aos/core/activity/run.ts';
import { type IncidentPatch, reopened } from '@aos/core/incidents/act.ts';
import type { IncidentStatus } from '@aos/core/incidents/incident.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';

export interface NewIncident {
  tenant_id: string;
  id: string;
  source_run_id: string;
  violation_policy_id: string;
  trace_id: string;
  /** Null: a person opened it, and no decision did. */
  decision_id: string | null;
  project_id: string;
  agent_id: string | null;
  actor_id: string | null;
  api_key_id: string;
  category: Category;
  severity: Severity;
  status: 'open';
  title: string;
  occurrences: number;
  is_synthetic: boolean;
  opened_at: string;
  last_occurred_at: string;
}

/** Where a severity stands among all of them. */
export const gravityOf = (severity: string): string =>
  `array_position(array['${severities.join("','")}'], ${severity})`;

/** What an incident is about, which is the gravest thing that happened, and what becomes of it. */
const graver_columns = ['severity', 'category', 'title', 'decision_id', ...Object.keys(reopened)];
const columnsOf = (row: 'excluded' | 'incidents'): string =>
  graver_columns.map((column) => `${row}.${column}`).join(', ');

/**
 * Opens incidents, one for each run and policy. A further occurrence is counted on the one that is there; if it is
 * graver, the incident is about it from then on, and open again. The batch must hold each run and policy once, in that
 * order.
 */
export async function openIncidents(tx: Tx, rows: readonly NewIncident[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into incidents select * from json_populate_recordset(null::incidents, $1)
      on conflict (tenant_id, source_run_id, violation_policy_id) do update
        set occurrences = incidents.occurrences + excluded.occurrences,
            last_occurred_at = greatest(incidents.last_occurred_at, excluded.last_occurred_at),
            (${graver_columns.join(', ')}) = (
              select * from (
                select ${columnsOf('excluded')} where ${gravityOf('excluded.severity')} > ${gravityOf('incidents.severity')}
                union all select ${columnsOf('incidents')}) graver limit 1)`,
    [jsonText(rows)],
    'open_incidents',
  );
}

/** The same for one that is to be the first of its run and policy; answers the id of the one that is there instead. */
export async function openFirst(tx: Tx, row: NewIncident): Promise<string | null> {
  const opened = await tx.query(
    `insert into incidents select * from json_populate_record(null::incidents, $1)
      on conflict (tenant_id, source_run_id, violation_policy_id) do nothing returning id`,
    [jsonText(row)],
  );
  if (opened.length > 0) return null;
  const [there] = await tx.query<{ id: string }>(
    'select id from incidents where tenant_id = current_tenant() and source_run_id = $1 and violation_policy_id = $2',
    [row.source_run_id, row.violation_policy_id],
  );
  return there?.id ?? null;
}

/** What the ledger tells of an incident that changed. */
export interface IncidentState {
  id: string;
  status: IncidentStatus;
  owner: string | null;
  acknowledged_until: string | null;
  escalates: Escalation | null;
  cause: string | null;
  title: string;
  category: Category;
  severity: Severity;
  violation_policy_id: string;
  source_run_id: string;
  project_id: string;
  agent_id: string | null;
}

const state =
  'id, status, owner, acknowledged_until, escalates, cause, title, category, severity, violation_policy_id, source_run_id, project_id, agent_id';

/** In the order in which settled calls touch incidents, so that neither waits for the other in a circle. */
const locked = 'order by source_run_id, violation_policy_id for update';

/** Incidents of these ids that the caller sees, as they are until the end of the transaction. */
export function lockIncidents(tx: Tx, ids: readonly string[], bound_to: string | null): Promise<IncidentState[]> {
  return tx.query<IncidentState>(
    `select ${state} from incidents where tenant_id = current_tenant() and id = any ($1)
        and ($2::text is null or project_id = $2) ${locked}`,
    [ids, bound_to],
  );
}

const changing =
  'status, owner, acknowledged_at, acknowledged_by, acknowledged_until, escalates, resolved_at, resolved_by, cause, resolution';

/** Sets what a patch names, for incidents that the transaction has locked. */
export function changeIncidents(tx: Tx, ids: readonly string[], patch: IncidentPatch): Promise<IncidentState[]> {
  return tx.query<IncidentState>(
    `update incidents i set (${changing}) = (select ${changing} from jsonb_populate_record(i, $2))
      where tenant_id = current_tenant() and id = any ($1) returning ${state}`,
    [ids, jsonText(patch)],
  );
}

/** How long after it was resolved an incident that goes on is open again. */
const goes_on_hours = 24;

/** Why an incident comes back by itself. */
export type Waking = IncidentState & { why: 'expired' | 'recurred' | 'escalated' };

/**
 * Incidents that come back by themselves: their acknowledgement is over, or they go on although somebody closed them as
 * dealt with.
 */
export function incidentsToWake(tx: Tx, at: string, limit: number): Promise<Waking[]> {
  return tx.query<Waking>(
    `select ${state}, case when status = 'resolved' then 'recurred' else 'expired' end as why from incidents
      where tenant_id = current_tenant() and (
        (status = 'acknowledged' and acknowledged_until <= $1)
        or (status = 'resolved' and resolved_at > $1::timestamptz - interval '${goes_on_hours} hours'
            and cause in ('breach', 'wrong_limit') and last_occurred_at > resolved_at))
      order by source_run_id, violation_policy_id limit ${limit} for update skip locked`,
    [at],
  );
}

/**
 * Acknowledged incidents before whose time more has happened than they were to be left alone for: violations of their
 * policy by their agent in their category since then, within their hours. Those acknowledged together are counted once.
 * Where no policy was involved, incidents are counted.
 */
export function incidentsEscalated(tx: Tx, at: string, limit: number): Promise<Waking[]> {
  const since = "greatest(s.acknowledged_at, $1::timestamptz - make_interval(hours => (s.escalates ->> 'hours')::int))";
  return tx.query<Waking>(
    `with snoozed as materialized (
        select distinct tenant_id, violation_policy_id, agent_id, category, is_synthetic, escalates, acknowledged_at
          from incidents where tenant_id = current_tenant() and status = 'acknowledged' and escalates is not null),
      escalated as materialized (
        select s.* from snoozed s where (s.escalates ->> 'more_than')::int < (
          select count(*) from (
            select from incidents j
              left join violations v on v.tenant_id = j.tenant_id and v.run_id = j.source_run_id
                and v.incident_id = j.id and v.occurred_at > ${since}
              where j.tenant_id = s.tenant_id and j.violation_policy_id = s.violation_policy_id
                and j.agent_id is not distinct from s.agent_id and j.category = s.category
                and j.is_synthetic = s.is_synthetic and j.last_occurred_at > ${since}
                and (v.id is not null or j.opened_at > ${since})
              limit (s.escalates ->> 'more_than')::int + 1) happened))
      select ${state}, 'escalated' as why from incidents i
        where i.tenant_id = current_tenant() and i.status = 'acknowledged' and i.escalates is not null
          and exists (select from escalated s
            where s.violation_policy_id = i.violation_policy_id and s.agent_id is not distinct from i.agent_id
              and s.category = i.category and s.is_synthetic = i.is_synthetic and s.escalates = i.escalates
              and s.acknowledged_at = i.acknowledged_at)
        order by source_run_id, violation_policy_id limit ${limit} for update skip locked`,
    [at],
  );
}
