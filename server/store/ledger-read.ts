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
  ofEvents(filter, asked.event);
  filter
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

/** Whole names, or beginnings that end in `*`. */
function ofEvents(filter: Filter, events: readonly string[] | undefined): void {
  if (events?.every((event) => !event.endsWith('*'))) {
    filter.among('e.event', events);
    return;
  }
  const patterns = events?.map((event) => event.replace(/[\\%_]/g, '\\$&').replace(/\*$/, '%'));
  filter.where('e.event like any(?)', patterns);
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

/** What the ledger says about an incident, its run and its policy, in order. */
export function timelineListing(of: {
  tenant_id: string;
  incident_id: string;
  run_id: string;
  policy_id: string;
  bound_to: BoundTo;
}): Listing {
  const filter = new Filter()
    .where('e.tenant_id = ?', of.tenant_id)
    .where('(e.object_id = any(?) or e.run_id = any(?))', [of.incident_id, of.run_id, of.policy_id])
    .where('e.project_id = ?', of.bound_to ?? undefined);
  return { table: 'audit_ledger e', id: 'e.id', order: 'oldest', filter };
}
