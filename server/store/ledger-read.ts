import { type Named, namedBy } from '@aos/core/activity/named.ts';
import type { LedgerFacets, LedgerFilter } from '@aos/core/api/logs.ts';
import type { Row, Tx } from '../base/database.ts';
import type { FacetsOf } from './facets-read.ts';
import { Filter, type Listing, within } from './list.ts';
import type { Scope } from './list-scope.ts';
import { patternOf } from './runs-of-text.ts';

/** What is asked, its events as they are in the ledger. */
type LedgerAsked = Omit<LedgerFilter, 'event'> & { event: Named | undefined };

/** The project of a caller that may see only one; entries without a project are the tenant's. */
type BoundTo = string | null;

/** The columns of an entry and what people call who acted and the key: looked up row by row, as a page has few rows. */
const named = (rows: string): string => {
  const nameOf = (table: string, name: string, id: string) =>
    `(select n.${name} from ${table} n where n.tenant_id = e.tenant_id and n.id = e.${id})`;
  const names = [
    nameOf('api_keys', 'name', 'actor_id'),
    nameOf('actors', 'slug', 'actor_id'),
    nameOf('policies', "document ->> 'name'", 'actor_id'),
  ];
  const key = nameOf('api_keys', 'name', 'api_key_id');
  return `select e.*, coalesce(${names.join(', ')}) as actor_name, ${key} as api_key_name from (${rows}) e order by e.id desc`;
};

const about_run = '(e.run_id = any(?) or e.object_id = any(?))';
/** Also what was done to its limits, and what it refused. */
const about_policy = "(e.object_id = any(?) or e.after ->> 'policy_id' = any(?))";

export function ledgerListing(of: { tenant_id: string; scope: Scope; asked: LedgerAsked }): Listing {
  const { asked, scope } = of;
  const run = namedBy(asked.run ?? []);
  const policy = namedBy(asked.policy ?? []);
  const filter = new Filter().where('e.tenant_id = ?', of.tenant_id);
  within(filter, { id: 'e.id', kind: 'event', at: 'e.occurred_at' }, asked.from, asked.to);
  filter
    .where('(e.reason ilike ? or e.event ilike ?)', asked.q && patternOf(asked.q))
    .named('e.event', asked.event)
    .asked('e.object_id', asked.object)
    .asked('e.object_type', asked.object_type)
    .asked('e.actor_id', asked.actor)
    .among('e.actor_type', asked.actor_type)
    .named('e.agent_id', scope.ids.agent)
    .named('e.api_key_id', scope.ids.api_key)
    .named('e.project_id', scope.ids.project)
    .where(about_policy, policy.some)
    .where(`${about_policy} is not true`, policy.none)
    .where(about_run, run.some)
    .where(`${about_run} is not true`, run.none);
  return { table: 'audit_ledger e', id: 'e.id', order: 'newest', filter, around: named };
}

export const facets_of_ledger: FacetsOf<LedgerFacets> = {
  event: { column: 'event' },
  actor_type: { column: 'actor_type' },
};

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
    named('select * from audit_ledger where tenant_id = $1 and id = $2 and ($3::text is null or project_id = $3)'),
    [tenant_id, id, bound_to],
  );
  return rows[0];
}
