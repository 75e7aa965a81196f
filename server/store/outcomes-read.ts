import { askerSlugs } from './asker-names.ts';
import { Filter, type Listing, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';

export interface OutcomesAsked {
  run?: string[] | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** Runs that ended without a problem, newest first. */
export function successesListing(of: { tenant_id: string; scope: Scope; asked: OutcomesAsked }): Listing {
  const filter = new Filter().where('r.tenant_id = ?', of.tenant_id).always("r.outcome_record = 'SUCCESS'");
  inScope(filter, 'r', of.scope);
  within(filter, { id: 'r.id', kind: 'run', at: 'r.created_at' }, of.asked.from, of.asked.to);
  filter.asked('r.id', of.asked.run);
  const around = (rows: string) => `
    select r.*, ${askerSlugs('r')}, 'EXECUTION_SUCCESS' as category, r.id as source_run_id, 'trc' || substr(r.id, 4) as trace_id
      from (${rows}) r order by r.id desc`;
  return { table: 'runs r', id: 'r.id', order: 'newest', filter, around };
}
