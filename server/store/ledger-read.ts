import { type Named, namedBy } from '@aos/core/activity/named.ts';
import type { LedgerQuery } from '@aos/core/api/logs.ts';
import type { Row, Tx } from '../base/database.ts';
import { Filter, type Listing, within } from './list.ts';
import type { Scope } from './list-scope.ts';

/** What is asked, its events as they are in the ledger. */
type LedgerAsked = Omit<LedgerQuery, 'event'> & { event: Named | undefined };

/** The project of a caller that may see only one; entries without a project are the tenant's. */
type BoundTo = string | null;

const about_run = '(e.run_id = any(?) or e.object_id = any(?))';

export function ledgerListing(of: { tenant_id: string; scope: Scope; asked: LedgerAsked }): Listing {
  const { asked, scope } = of;
  const run = namedBy(asked.run ?? []);
  const filter = new Filter().where('e.tenant_id = ?', of.tenant_id);
  within(filter, { id: 'e.id', kind: 'event', at: 'e.occurred_at' }, asked.from, asked.to);
  filter
    .named('e.event', asked.event)
    .asked('e.object_id', asked.object)
    .asked('e.object_id', asked.policy)
    .asked('e.object_type', asked.object_type)
    .asked('e.actor_id', asked.actor)
    .among('e.actor_type', asked.actor_type)
    .named('e.agent_id', scope.ids.agent)
    .named('e.api_key_id', scope.ids.api_key)
    .named('e.project_id', scope.ids.project)
    .where(about_run, run.some)
    .where(`${about_run} is not true`, run.none);
  return { table: 'audit_ledger e', id: 'e.id', order: 'newest', filter };
}

/**
 * Events as they were asked for, beginnings that end in `*` replaced by the events there are. There are few different
 * ones among very many entries, so each is found by going from one to the next in the index.
 */
export async function eventsLike(tx: Tx, tenant_id: string, events: string[] | undefined): Promise<Named | undefined> {
  if (events === undefined) return undefined;
  const { some, none } = namedBy(events);
  if (!events.some(isBeginning)) return { some, none };
  const rows = await tx.query<{ event: string }>(
    `with recursive seen as (
        select min(e.event) as event from audit_ledger e where e.tenant_id = $1
        union all
        select (select min(e.event) from audit_ledger e where e.tenant_id = $1 and e.event > s.event) from seen s where s.event is not null
      )
      select event from seen where event is not null`,
    [tenant_id],
  );
  const known = rows.map((row) => row.event);
  return { some: some && written(some, known), none: none && written(none, known) };
}

const isBeginning = (event: string): boolean => event.endsWith('*');

/** The events themselves, and of those known all that begin as is asked. */
function written(events: readonly string[], known: readonly string[]): string[] {
  const beginnings = events.filter(isBeginning).map((event) => event.slice(0, -1));
  const begun = known.filter((event) => beginnings.some((beginning) => event.startsWith(beginning)));
  return [...events.filter((event) => !isBeginning(event)), ...begun];
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
