import type { Row, Tx } from '../base/database.ts';
import { Filter, type Slice, sliceOf } from './list.ts';

/** The lists of what people administer: few rows, in the transaction at hand. */
export interface PlainList {
  table:
    | 'projects'
    | 'agents'
    | 'actors'
    | 'api_keys'
    | 'providers'
    | 'tenants'
    | 'stops'
    | 'policy_overrides'
    | 'policy_exemptions'
    | 'approvals'
    | 'channels'
    | 'saved_views';
  columns: string;
  filter: Filter;
}

/** Every row of the current tenant. */
export const ofTenant = (): Filter => new Filter().always('tenant_id = current_tenant()');

/** One page, newest first, after the row with the id that the cursor holds; and how many rows there are in all. */
export async function readNewest(
  tx: Tx,
  { table, columns, filter }: PlainList,
  page: { limit: number; cursor: string | null },
): Promise<Slice> {
  const { text, values } = filter;
  const after = page.cursor === null ? '' : ` and id < $${values.length + 1}`;
  const rows = await tx.query<Row>(
    `select ${columns} from ${table} where ${text}${after} order by id desc limit ${page.limit + 1}`,
    page.cursor === null ? values : [...values, page.cursor],
  );
  const [counted] = await tx.query<{ n: number }>(
    `select count(*)::int as n from (select from ${table} where ${text} limit 10001) counted`,
    values,
  );
  return sliceOf(rows, page.limit, counted?.n ?? 0);
}
