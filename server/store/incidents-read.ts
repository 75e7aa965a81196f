import type { IncidentFacets, IncidentsFilter } from '@aos/core/api/incidents.ts';
import type { IncidentStatus } from '@aos/core/incidents/incident.ts';
import type { Row, Tx } from '../base/database.ts';
import { askerSlugs } from './asker-names.ts';
import { agent_facet, type FacetsOf } from './facets-read.ts';
import { Filter, type Listing, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';
import { firstIdOf } from './runs-read.ts';

const described = (rows: string): string => `
  select i.*, ${askerSlugs('i')},
      (select p.document ->> 'name' from policies p where p.tenant_id = i.tenant_id and p.id = i.violation_policy_id) as policy_name
    from (${rows}) i order by i.id desc`;

export const incidentsListing = (of: { tenant_id: string; scope: Scope; asked: IncidentsFilter }): Listing => ({
  table: 'incidents i',
  id: 'i.id',
  order: 'newest',
  filter: incidentFilter(of),
  around: described,
});

export const facets_of_incidents: FacetsOf<IncidentFacets> = {
  severity: { column: 'severity' },
  category: { column: 'category' },
  agent: agent_facet,
  policy: {
    column: 'violation_policy_id',
    name: "(select p.document ->> 'name' from policies p where p.tenant_id = current_tenant() and p.id = f.value)",
  },
  owner: { column: 'owner' },
};

const of_session =
  'exists (select from runs r where r.tenant_id = i.tenant_id and r.id = i.source_run_id and r.session_id = any(?))';

const found_by = `exists (select from violations v where v.tenant_id = i.tenant_id and v.run_id = i.source_run_id
  and v.incident_id = i.id and v.control_type = any(?))`;

/** The incidents a query is about; shared by the list and its groups. */
export function incidentFilter(of: { tenant_id: string; scope: Scope; asked: IncidentsFilter }): Filter {
  const { asked } = of;
  const filter = new Filter().where('i.tenant_id = ?', of.tenant_id);
  const { session, ...ids } = of.scope.ids;
  inScope(filter, 'i', { ...of.scope, ids });
  within(filter, { id: 'i.id', kind: 'incident', at: 'i.opened_at' }, asked.from, asked.to);
  return filter
    .where(of_session, session?.some)
    .where(`not ${of_session}`, session?.none)
    .among('i.status', asked.status)
    .among('i.category', asked.category)
    .among('i.severity', asked.severity)
    .asked('i.violation_policy_id', asked.policy)
    .asked('i.source_run_id', asked.run)
    .asked('i.owner', asked.owner)
    .where(found_by, asked.detector);
}

/** The same policy, agent and category as of another incident. */
const alike = `(i.violation_policy_id, i.category) = (select a.violation_policy_id, a.category from incidents a
    where a.tenant_id = i.tenant_id and a.id = ?)
  and i.agent_id is not distinct from (select a.agent_id from incidents a where a.tenant_id = i.tenant_id and a.id = ?)`;
const as_synthetic =
  'i.is_synthetic = (select a.is_synthetic from incidents a where a.tenant_id = i.tenant_id and a.id = ?)';

/**
 * The newest incidents like one, in any of the states `from`, and how many there are in all; not those that `owner` has.
 * With `among` only those that a list with this query has; without it those that are synthetic, or not, like that one.
 */
export async function incidentsLike(
  tx: Tx,
  of: {
    tenant_id: string;
    id: string;
    scope: Scope;
    among: IncidentsFilter | undefined;
    from: readonly IncidentStatus[];
    owner: string | null | undefined;
    limit: number;
  },
): Promise<{ ids: string[]; total: number }> {
  const scope = of.among === undefined ? { ...of.scope, is_synthetic: null } : of.scope;
  const filter = incidentFilter({ tenant_id: of.tenant_id, scope, asked: of.among ?? {} })
    .where(alike, of.id)
    .where(as_synthetic, of.among === undefined ? of.id : undefined)
    .where('i.status = any(?)', of.from)
    .where('i.owner is distinct from ?', of.owner);
  const { text, values } = filter;
  const rows = await tx.query<{ id: string; total: string }>(
    `select i.id, count(*) over () as total from incidents i where ${text} order by i.id desc limit ${of.limit}`,
    values,
  );
  return { ids: rows.map((row) => row.id), total: Number(rows[0]?.total ?? 0) };
}

export async function findIncident(
  tx: Tx,
  tenant_id: string,
  id: string,
  bound_to: string | null,
): Promise<Row | undefined> {
  const one =
    'select i.* from incidents i where i.tenant_id = $1 and i.id = $2 and ($3::text is null or i.project_id = $3)';
  const rows = await tx.query(described(one), [tenant_id, id, bound_to]);
  return rows[0];
}

/** The violations an incident stands for, in order, and the record of its decision when a call was made. */
export async function proofOf(
  tx: Tx,
  incident: { tenant_id: string; id: string; source_run_id: string; decision_id: string | null },
  most: number,
) {
  const [violations, records] = await Promise.all([
    tx.query(
      `select v.* from violations v
        where v.tenant_id = $1 and v.run_id = $2 and v.incident_id = $3 and v.id >= $4 order by v.id limit ${most}`,
      [incident.tenant_id, incident.source_run_id, incident.id, firstIdOf(incident.source_run_id, 'violation')],
    ),
    tx.query<{ id: string }>(`select id from llm_run_records where tenant_id = $1 and id = 'rec' || substr($2, 4)`, [
      incident.tenant_id,
      incident.decision_id ?? '',
    ]),
  ]);
  return { violations, record_id: records[0]?.id ?? null };
}
