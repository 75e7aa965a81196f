import type { IncidentsFilter } from '@aos/core/api/incidents.ts';
import { Problem } from '@aos/core/base/error.ts';
import { idOf } from '@aos/core/base/id.ts';
import type { PageQuery } from '@aos/core/base/page.ts';
import {
  type IncidentGroup,
  type IncidentGrouping,
  incident_group,
  incident_groupings,
} from '@aos/core/incidents/incident.ts';
import type { Row } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { listIncidentGroups } from '../store/incident-groups-read.ts';
import { readMany } from '../store/list.ts';
import { scopeOf } from '../store/list-scope.ts';
import { inTenant } from './change.ts';
import { pageOf, visibleProject } from './read.ts';

/** Groups of incidents, the one with the newest incident first. */
export function listGroups(query: IncidentsFilter & PageQuery, wanted: readonly IncidentGrouping[], context: Context) {
  const { tenant_id } = context.identity;
  const by = incident_groupings.filter((name) => wanted.includes(name));
  const cursor = groupCursor(query.cursor);
  return inTenant(context, async (tx) => {
    await readMany(tx);
    const scope = await scopeOf(tx, tenant_id, visibleProject(context), query);
    const page = { limit: query.limit, ...cursor };
    const slice = await listIncidentGroups(tx, { tenant_id, scope, asked: query, by }, page);
    const up_to = cursor.up_to ?? slice.rows[0]?.id;
    const next_cursor = slice.next_cursor && `${up_to}.${slice.next_cursor}`;
    return pageOf(context, { ...slice, next_cursor }, (row) => groupOf(context, row, by));
  });
}

/** Two incidents: the newest one there was when the first page was read, and the newest of the last group shown. */
function groupCursor(cursor: string | undefined): { up_to: string | null; after: string | null } {
  if (cursor === undefined) return { up_to: null, after: null };
  const [up_to = '', after = '', ...rest] = cursor.split('.');
  const is_id = (text: string) => idOf('incident').safeParse(text).success;
  if (is_id(up_to) && is_id(after) && rest.length === 0) return { up_to, after };
  throw new Problem(
    'invalid_query',
    'The query cannot be read: cursor is not one of these groups. Send next_cursor of the page before, or none for the first page.',
  );
}

const filter_of: Record<IncidentGrouping, 'violation_policy_id' | 'agent_id' | 'category'> = {
  policy: 'violation_policy_id',
  agent: 'agent_id',
  category: 'category',
};

function groupOf({ deps }: Context, row: Row, by: readonly IncidentGrouping[]): IncidentGroup {
  const key = Object.fromEntries(by.map((name) => [filter_of[name], row[filter_of[name]]]));
  const shared = by.map((name) => [name, row[filter_of[name]]] as const).filter(([, value]) => value !== null);
  const search = new URLSearchParams(shared.map(([name, value]): [string, string] => [name, String(value)]));
  return incident_group.parse({
    ...row,
    grouped_by: by,
    key,
    latest_incident_id: row.id,
    last_day: lastDay((row.hours_ago as number[] | null) ?? []),
    url: `${deps.config.public_url}/incidents?${search}`,
  });
}

/** How many were opened in each of the last 24 hours, oldest first. */
function lastDay(hours_ago: readonly number[]): number[] {
  const counts = Array<number>(24).fill(0);
  for (const hours of hours_ago) counts[23 - hours] = (counts[23 - hours] ?? 0) + 1;
  return counts;
}
