import type { Tx } from '../base/database.ts';
import { Filter, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';

export interface OutcomeRow {
  bucket: string;
  outcome: string;
  n: number;
}

/** How many runs of a list began in each bucket, by how they ended. */
export function countRuns(tx: Tx, { text, values }: Filter, bucket_ms: number): Promise<OutcomeRow[]> {
  return tx.query<OutcomeRow>(
    `select date_bin($${values.length + 1}, r.created_at, 'epoch') as bucket,
        case when r.status in ('queued', 'running', 'retry') then 'open' else r.status end as outcome, count(*)::int as n
      from runs r where ${text} group by 1, 2`,
    [...values, `${bucket_ms} milliseconds`],
  );
}

interface Of {
  tenant_id: string;
  scope: Scope;
  from: string;
  to: string;
  bucket_ms: number;
}

/** How many decisions fell into each bucket, by what was decided; plain allows have no row and are not counted. */
export function countDecisions(tx: Tx, of: Of): Promise<OutcomeRow[]> {
  const filter = new Filter().where('d.tenant_id = ?', of.tenant_id);
  inScope(filter, 'd', of.scope);
  within(filter, { id: 'd.id', kind: 'decision', at: 'd.decided_at' }, of.from, of.to);
  return tx.query<OutcomeRow>(
    `select date_bin($${filter.values.length + 1}, d.decided_at, 'epoch') as bucket,
        case when d.verdict = 'continue' then 'shadow' else d.verdict end as outcome, count(*)::int as n
      from decisions d
      where ${filter.text} and (d.verdict <> 'continue'
        or d.contributions @? '$[*] ? (@.fired == true && @.mode == "shadow" && @.verdict != "continue" && @.verdict != "warn")')
      group by 1, 2`,
    [...filter.values, `${of.bucket_ms} milliseconds`],
  );
}
