import type { FacetValue } from '@aos/core/base/facets.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { type Counted, countFacets, type FacetRow, type FacetsBy } from '../store/facets-read.ts';
import { isCanceled, limitCount, limitTime, orTooMuch, readMany } from '../store/list.ts';
import { nowText } from './change.ts';

/** Facets that are counted together, over the rows that a query is about. */
export interface FacetGroup<Query> {
  facets: FacetsBy<string>;
  rows: (tx: Tx, asked: Query) => Promise<Counted>;
  /** Whose rows; absent: the caller's. */
  tenant_id?: string;
}

/**
 * What each filter of a list would list, if it were set to each of its values: a facet is counted without what it is
 * narrowed to itself. Facets that are counted over several groups have the sum.
 */
export async function readFacets<Query extends object>(
  context: Context,
  query: Query,
  groups: readonly FacetGroup<Query>[],
) {
  const counted = await Promise.all(
    groups.flatMap((group) => apart(query, group).map((part) => countsOf(context, part.asked, part.group))),
  );
  const names = [...new Set(groups.flatMap(({ facets }) => Object.keys(facets)))];
  return {
    ...Object.fromEntries(names.map((name) => [name, valuesOf(name, counted)])),
    counted_newest: newestOf(counted),
    generated_at: nowText(context),
  };
}

/** One count for each facet that is narrowed, and one for all others. */
function apart<Query extends object>(query: Query, group: FacetGroup<Query>) {
  const is_narrowed = (name: string) => (query as Record<string, unknown>)[name] !== undefined;
  const each = Object.entries(group.facets);
  const alone = each.filter(([name]) => is_narrowed(name));
  const together = each.filter(([name]) => !is_narrowed(name));
  return [
    ...alone.map(([name, facet]) => ({
      asked: { ...query, [name]: undefined },
      group: { ...group, facets: { [name]: facet } },
    })),
    ...(together.length > 0 ? [{ asked: query, group: { ...group, facets: Object.fromEntries(together) } }] : []),
  ];
}

interface Counts {
  names: readonly string[];
  /** Null: there were too many to be counted in time. */
  rows: FacetRow[] | null;
  /** Only so many of the newest were counted; null: all were. */
  newest: number | null;
}

/** Where all take too long, the newest are counted. */
async function countsOf<Query>(context: Context, asked: Query, group: FacetGroup<Query>): Promise<Counts> {
  const names = Object.keys(group.facets);
  const rows = await countedInTime(context, asked, group, (of) => of);
  if (rows !== null) return { names, rows, newest: null };
  let newest: number | null = null;
  const fewer = await countedInTime(context, asked, group, (of) => {
    newest = of.newest?.rows ?? null;
    return of.newest ? { ...of, from: of.newest.from } : null;
  });
  return { names, rows: fewer, newest };
}

/** Null: it took too long, or there is nothing that `part` would count. */
async function countedInTime<Query>(
  { deps, identity }: Context,
  asked: Query,
  group: FacetGroup<Query>,
  part: (of: Counted) => Counted | null,
): Promise<FacetRow[] | null> {
  let is_counting = false;
  try {
    return await deps.db.tenant(group.tenant_id ?? identity.tenant_id, async (tx) => {
      await limitTime(tx);
      const of = part(await group.rows(tx, asked));
      if (of === null) return null;
      is_counting = true;
      await readMany(tx);
      await limitCount(tx);
      return countFacets(tx, of, group.facets);
    });
  } catch (error) {
    if (is_counting && isCanceled(error)) return null;
    throw orTooMuch(error);
  }
}

/** Of the facets that are not of all rows, how many they are of. */
function newestOf(counted: readonly Counts[]): Record<string, number> {
  return Object.fromEntries(
    counted.flatMap(({ names, rows, newest }) =>
      rows === null || newest === null ? [] : names.map((name) => [name, newest] as const),
    ),
  );
}

function valuesOf(name: string, counted: readonly Counts[]): FacetValue[] | null {
  const sums = new Map<string, FacetValue>();
  for (const { names, rows } of counted) {
    if (!names.includes(name)) continue;
    if (rows === null) return null;
    for (const row of rows) {
      if (row.facet !== name) continue;
      const count = (sums.get(row.value)?.count ?? 0) + row.n;
      sums.set(row.value, { value: row.value, ...(row.name !== null && { name: row.name }), count });
    }
  }
  return [...sums.values()].sort((a, b) => b.count - a.count);
}
