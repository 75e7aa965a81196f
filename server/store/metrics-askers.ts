import type { MetricAsker } from '@aos/core/activity/metrics.ts';
import { most_askers } from '@aos/core/activity/most-askers.ts';
import type { Tx } from '../base/database.ts';
import { Filter } from './list.ts';
import { type MetricsOf, piecesOf } from './metrics-pieces.ts';
import { refusalsIn } from './metrics-read.ts';

export interface AskerRow {
  id: string;
  name: string | null;
  calls: string;
  failed: string;
  refused: string;
  unpriced_calls: string;
  input_tokens: string;
  output_tokens: string;
  cost_usd: string;
}

const named: Record<MetricAsker, string> = {
  actor: 'select slug from actors a where a.tenant_id = $1 and a.id = d.id',
  api_key: 'select name from api_keys a where a.tenant_id = $1 and a.id = d.id',
};

/** What calls add up to for each person or each key, the dearest first. */
export function sumByAsker(tx: Tx, of: MetricsOf & { by: MetricAsker }): Promise<AskerRow[]> {
  const filter = new Filter([of.tenant_id]);
  const { rows } = piecesOf(of, 'sums', filter);
  const refusals = refusalsIn(filter, of);
  return tx.query<AskerRow>(
    `with made as (
        select asker_id as id, sum(calls) as calls, sum(failed) as failed, sum(unpriced_calls) as unpriced_calls,
            sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens, sum(cost_usd) as cost_usd
          from (${rows}) calls where asker_id is not null group by asker_id),
      stopped as (
        select d.${of.by}_id as id, count(*) as refused from (${refusals}) d where d.${of.by}_id is not null group by 1),
      dearest as (
        select id, coalesce(calls, 0) as calls, coalesce(failed, 0) as failed, coalesce(refused, 0) as refused,
            coalesce(unpriced_calls, 0) as unpriced_calls, coalesce(input_tokens, 0) as input_tokens,
            coalesce(output_tokens, 0) as output_tokens, coalesce(cost_usd, 0) as cost_usd
          from made full join stopped using (id) order by cost_usd desc, calls desc, refused desc, id limit ${most_askers})
      select d.*, (${named[of.by]}) as name from dearest d order by cost_usd desc, calls desc, refused desc, id`,
    filter.values,
  );
}
