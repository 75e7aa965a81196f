import type { RecordFacets, RecordsFilter } from '@aos/core/api/logs.ts';
import type { Row, Tx } from '../base/database.ts';
import { askerSlugs } from './asker-names.ts';
import { agent_facet, type FacetsOf } from './facets-read.ts';
import { Filter, type Listing, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';

const described = (rows: string): string => `select x.*, ${askerSlugs('x')} from (${rows}) x order by x.id desc`;

export function recordsListing(of: { tenant_id: string; scope: Scope; asked: RecordsFilter }): Listing {
  const { asked } = of;
  const filter = new Filter().where('x.tenant_id = ?', of.tenant_id);
  inScope(filter, 'x', of.scope);
  within(filter, { id: 'x.id', kind: 'record', at: 'x.admitted_at' }, asked.from, asked.to);
  filter
    .where('(x.prompt_hash like ? or x.response_hash like ?)', asked.hash && `${asked.hash}%`)
    .asked('x.run_id', asked.run)
    .asked('x.model', asked.model)
    .asked('x.provider', asked.provider)
    .among('x.execution_status', asked.status)
    .among('x.source', asked.source);
  return { table: 'llm_run_records x', id: 'x.id', order: 'newest', filter, around: described };
}

export const facets_of_records: FacetsOf<RecordFacets> = {
  status: { column: 'execution_status' },
  source: { column: 'source' },
  provider: { column: 'provider' },
  model: { column: 'model' },
  agent: agent_facet,
};

export async function findRecord(
  tx: Tx,
  tenant_id: string,
  id: string,
  bound_to: string | null,
): Promise<Row | undefined> {
  const one =
    'select x.* from llm_run_records x where x.tenant_id = $1 and x.id = $2 and ($3::text is null or x.project_id = $3)';
  const rows = await tx.query(described(one), [tenant_id, id, bound_to]);
  return rows[0];
}
