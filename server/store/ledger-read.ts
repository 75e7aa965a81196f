import type { LedgerQuery } from '@aos/core/api/logs.ts';
import type { Row, Tx } from '../base/database.ts';
import { Filter, type Listing, within } from './list.ts';
import type { Scope } from './list-scope.ts';

/** The project of a caller that may see only one; entries without a project are the tenant's. */
type BoundTo = string | null;

export function ledgerListing(of: { tenant_id: string; scope: Scope; asked: LedgerQuery }): Listing {
  const { asked, scope } = of;
  const filter = new Filter().where('e.tenant_id = ?', of.tenant_id);
  within(filter, { id: 'e.id', kind: 'event', at: 'e.occurred_at' }, asked.from, asked.to);
  filter
    .among('e.event', asked.event)
    .among('e.object_id', asked.object)
    .among('e.object_id', asked.policy)
    .among('e.object_type', asked.object_type)
    .among('e.actor_id', asked.actor)
    .among('e.actor_type', asked.actor_type)
    .among('e.agent_id', scope.ids.agent)
    .among('e.api_key_id', scope.ids.api_key)
    .among('e.project_id', scope.ids.project)
    .where('(e.run_id = any(?) or e.object_id = any(?))', asked.run);
  return { table: 'audit_ledger e', id: 'e.id', order: 'newest', filter };
}

/**
 * Events as they were asked for, beginnings that end in `*` replaced by the events there are. There are few different
 * ones among very many entries, so each is found by going from one to the next in the index.
 */
export async function eventsLike(
  tx: Tx,
  tenant_id: string,
  events: string[] | undefined,
): Promise<string[] | undefined> {
  const beginnings = events?.filter((event) => event.endsWith('*')).map((event) => event.slice(0, -1)) ?? [];
  if (events === undefined || beginnings.length === 0) return events;
  const rows = await tx.query<{ event: string }>(
    `with recursive seen as (
        select min(e.event) as event from audit_ledger e where e.tenant_id = $1
        union all
        select (select min(e.event) from audit_ledger e where e.tenant_id = $1 and e.event > s.event) from seen s where s.event is not null
      )
      select event from seen where event is not null`,
    [tenant_id],
  );
  const known = rows
    .map((row) => row.event)
    .filter((event) => beginnings.some((beginning) => event.startsWith(beginning)));
  return [...events.filter((event) => !event.endsWith('*')), ...known];
}

export async function findLedgerEntry(
  tx: Tx,
  tenant_id: string,
  id: string,
  bound_to: BoundTo,
): Promise<Row | undefined> {
  const rows = await tx.query(
    'select * from audit_ledger where tenant_id = $1 and id = $2 and ($3::text is null or project_id = $3)',
    [tenant_id, id, bound_to],
  );
  return rows[0];
}
