import type { IncidentsFilter } from '@aos/core/api/incidents.ts';
import type { IncidentGrouping } from '@aos/core/incidents/incident.ts';
import type { Row, Tx } from '../base/database.ts';
import { incidentFilter } from './incidents-read.ts';
import { type Slice, sliceOf } from './list.ts';
import type { Scope } from './list-scope.ts';

const columns: Record<IncidentGrouping, string> = {
  policy: 'violation_policy_id',
  agent: 'agent_id',
  category: 'category',
};

const severity_ranks = "array_position(array['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'], i.severity)";

/** A page of groups, by the newest incident of each. */
export interface GroupPage {
  limit: number;
  /** Incidents newer than this one came after the first page was read: they are left out, so that no group moves. */
  up_to: string | null;
  /** Newest incident of the last group of the page before. */
  after: string | null;
}

/** Groups of incidents that agree in `by`; those with the newest incident first. */
export async function listIncidentGroups(
  tx: Tx,
  of: { tenant_id: string; scope: Scope; asked: IncidentsFilter; by: readonly IncidentGrouping[] },
  page: GroupPage,
): Promise<Slice> {
  const filter = incidentFilter(of);
  filter.where('i.id <= ?', page.up_to ?? undefined);
  const key = of.by.map((name) => columns[name]).join(', ');
  const { text, values } = filter;
  const groups = `select ${key}, count(*) as incidents, sum(i.occurrences) as occurrences, max(i.id) as id,
      count(*) filter (where i.status = 'open') as open, count(*) filter (where i.status = 'acknowledged') as acknowledged,
      count(*) filter (where i.status = 'resolved') as resolved, max(${severity_ranks}) as severity_rank,
      min(i.opened_at) as first_opened_at, max(i.last_occurred_at) as last_occurred_at,
      case when min(i.owner) = max(i.owner) then min(i.owner) end as owner, min(i.acknowledged_until) as acknowledged_until,
      array_agg(floor(extract(epoch from now() - i.opened_at) / 3600)::int)
        filter (where i.opened_at > now() - interval '24 hours' and i.opened_at <= now()) as hours_ago
    from incidents i where ${text} group by ${key}`;
  const rows = await tx.query<Row & { all_groups: string }>(
    `with groups as materialized (${groups})
      select g.*, (select count(*) from groups) as all_groups, newest.title as latest_title,
          (array['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])[g.severity_rank] as severity,
          ${of.by.includes('policy') ? "policy.document ->> 'name'" : 'null'} as policy_name,
          ${of.by.includes('agent') ? 'agent.slug' : 'null'} as agent_slug
        from groups g
        join incidents newest on newest.tenant_id = $1 and newest.id = g.id
        ${of.by.includes('policy') ? 'left join policies policy on policy.tenant_id = $1 and policy.id = g.violation_policy_id' : ''}
        ${of.by.includes('agent') ? 'left join agents agent on agent.tenant_id = $1 and agent.id = g.agent_id' : ''}
        where $${values.length + 1}::text is null or g.id < $${values.length + 1}
        order by g.id desc limit ${page.limit + 1}`,
    [...values, page.after],
  );
  return sliceOf(rows, page.limit, Number(rows[0]?.all_groups ?? 0));
}
