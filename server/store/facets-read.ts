import { type FacetName, most_facet_values } from '@aos/core/base/facets.ts';
import type { Tx } from '../base/database.ts';
import type { Listing } from './list.ts';

/** What rows are counted by: a column, and how its values are said where not as they are. */
export interface Facet {
  column: string;
  /** What the filter takes in place of a value `f.value`, and what people call it. */
  value?: string;
  name?: string;
}
export type FacetsBy<Name extends string> = Record<Name, Facet>;

/** One line for each facet of an answer. */
export type FacetsOf<Answer> = FacetsBy<FacetName<Answer>>;

/** The rows that are counted: what stands behind `from`, with its values. */
export interface Counted {
  from: string;
  values: unknown[];
  /** How many rows each row is; absent: one. */
  n?: string;
  /** The same without all but its newest rows, for when all take too long; absent: they never do. */
  newest?: { rows: number; from: string };
}

export interface FacetRow {
  facet: string;
  value: string;
  name: string | null;
  n: number;
}

const newest_rows = 10_000;

/** The rows of a list. */
export const rowsOf = ({ table, id, filter }: Listing): Counted => ({
  from: `${table} where ${filter.text}`,
  values: filter.values,
  newest: {
    rows: newest_rows,
    from: `(select * from ${table} where ${filter.text} order by ${id} desc limit ${newest_rows}) newest`,
  },
});

export const agent_facet: Facet = {
  column: 'agent_id',
  value: 'coalesce((select a.slug from agents a where a.tenant_id = current_tenant() and a.id = f.value), f.value)',
};

/** How many rows have each value, for each of these facets, in one statement. */
export function countFacets(tx: Tx, of: Counted, facets: FacetsBy<string>): Promise<FacetRow[]> {
  const each = Object.entries(facets);
  const columns = each.map(([, { column }]) => column);
  const which = each.map(([name, { column }]) => `when grouping(${column}) = 0 then '${name}'`).join(' ');
  const said = (part: 'value' | 'name', otherwise: string) => {
    const ways = each.flatMap(([name, facet]) => (facet[part] ? [`when '${name}' then ${facet[part]}`] : []));
    return ways.length === 0 ? otherwise : `case f.facet ${ways.join(' ')} else ${otherwise} end`;
  };
  return tx.query<FacetRow>(
    `select f.facet, ${said('value', 'f.value')} as value, ${said('name', 'null::text')} as name, f.n from (
        select c.*, row_number() over (partition by c.facet order by c.n desc, c.value) as nth from (
          select case ${which} end as facet, coalesce(${columns.join(', ')}) as value, ${of.n ?? 'count(*)'}::int as n
            from ${of.from} group by grouping sets (${columns.map((column) => `(${column})`).join(', ')})
            having coalesce(${columns.join(', ')}) is not null) c) f
      where f.nth <= ${most_facet_values} order by f.n desc, value`,
    of.values,
  );
}
