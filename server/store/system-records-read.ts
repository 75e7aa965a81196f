import type { SystemFacets, SystemFilter } from '@aos/core/api/logs.ts';
import type { Row, Tx } from '../base/database.ts';
import type { FacetsOf } from './facets-read.ts';
import { Filter, type Listing, within } from './list.ts';
import { patternOf } from './runs-of-text.ts';

export function systemRecordsListing(of: { tenant_id: string; asked: SystemFilter }): Listing {
  const { asked } = of;
  const filter = new Filter().where('y.tenant_id = ?', of.tenant_id);
  within(filter, { id: 'y.id', kind: 'event', at: 'y.occurred_at' }, asked.from, asked.to);
  filter.where('y.summary ilike ?', asked.q && patternOf(asked.q));
  filter.among('y.component', asked.component).among('y.event_type', asked.event).among('y.severity', asked.severity);
  return { table: 'system_records y', id: 'y.id', order: 'newest', filter };
}

export const facets_of_system: FacetsOf<SystemFacets> = {
  severity: { column: 'severity' },
  component: { column: 'component' },
  event: { column: 'event_type' },
};

export async function findSystemRecord(tx: Tx, tenant_id: string, id: string): Promise<Row | undefined> {
  const rows = await tx.query('select * from system_records where tenant_id = $1 and id = $2', [tenant_id, id]);
  return rows[0];
}
