import type { MetricAsker } from '@aos/core/activity/metrics.ts';
import { id_prefixes } from '@aos/core/base/id.ts';
import { asker_sums, call_sums, duration_ms } from './call-sums.ts';
import { Filter, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';
import { type Stretch, stretchesOf } from './stretches.ts';
import type { Summed, Sums } from './sums.ts';

/** What metrics are asked about. */
export interface MetricsOf {
  tenant_id: string;
  scope: Scope;
  asked: {
    from: string;
    to: string;
    bucket_ms: number;
    model?: string[] | undefined;
    provider?: string[] | undefined;
    source?: string[] | undefined;
  };
  /** What is summed up in the sums for it; null: nothing is. */
  summed: Summed | null;
  /** Told apart by who asked; absent: by nobody. */
  by?: MetricAsker;
}

/**
 * The sums that know what is asked about; null: it is read from calls. A call is in the sums of its person and of its key,
 * so those of all but one would have it twice.
 */
export function sumsFor({ scope, asked, by }: Pick<MetricsOf, 'scope' | 'asked' | 'by'>): Sums | null {
  const { actor, api_key, session } = scope.ids;
  if (session !== undefined || scope.is_synthetic !== false || asked.source !== undefined) return null;
  if (by !== undefined) return scope.ids[by === 'actor' ? 'api_key' : 'actor'] === undefined ? asker_sums : null;
  if (actor === undefined && api_key === undefined) return call_sums;
  const asker = actor && api_key ? undefined : (actor ?? api_key);
  return asker?.some ? asker_sums : null;
}

export const metricStretches = ({ asked, summed }: MetricsOf): Stretch[] => stretchesOf(asked, summed);

/** The rows of all stretches: `sums` of each, or how many calls of each class of duration. Behind the values of `filter`. */
export function piecesOf(
  of: MetricsOf,
  what: 'sums' | 'durations',
  filter = new Filter(),
): { rows: string; values: unknown[] } {
  const pieces = metricStretches(of).map((stretch) => {
    const piece = new Filter(filter.values);
    return stretch.width === 'row' ? callsIn(piece, of, stretch, what) : sumsIn(piece, of, stretch, what);
  });
  return { rows: pieces.join(' union all '), values: filter.values };
}

const call_columns = {
  sums: `1 as calls, (x.execution_status <> 'succeeded')::int as failed, (x.cost_usd is null)::int as unpriced_calls,
    x.input_tokens, x.output_tokens, x.cost_usd`,
  durations: `1 as calls, duration_class(${duration_ms}) as class, ${duration_ms} as duration_ms`,
};
const sum_columns = {
  sums: 'x.calls, x.failed, x.unpriced_calls, x.input_tokens, x.output_tokens, x.cost_usd',
  durations: 'd.calls, d.class, null::int as duration_ms',
};
const key = 'x.provider, x.model, x.agent_id, x.project_id';

function callsIn(
  filter: Filter,
  { tenant_id, scope, asked, by }: MetricsOf,
  at: Stretch,
  what: 'sums' | 'durations',
): string {
  filter.where('x.tenant_id = ?', tenant_id);
  inScope(filter, 'x', scope);
  within(filter, { id: 'x.id', kind: 'record', at: 'x.admitted_at' }, instant(at.from_ms), instant(at.to_ms));
  filter.asked('x.model', asked.model).asked('x.provider', asked.provider).among('x.source', asked.source);
  // What was only reported is nobody's spend here, unless somebody asks for it.
  if (asked.source === undefined) filter.always("x.source <> 'reported'");
  const bucket = `date_bin($${filter.values.push(`${asked.bucket_ms} milliseconds`)}, x.admitted_at, 'epoch') as bucket`;
  const asker = by ? `x.${by}_id as asker_id, ` : '';
  return `select ${bucket}, ${asker}${key}, ${call_columns[what]} from llm_run_records x where ${filter.text}`;
}

function sumsIn(
  filter: Filter,
  { tenant_id, scope, asked, by }: MetricsOf,
  at: Stretch,
  what: 'sums' | 'durations',
): string {
  filter.where('x.tenant_id = ?', tenant_id).where('x.width = ?', at.width);
  filter.where('x.start >= ?', instant(at.from_ms)).where('x.start < ?', instant(at.to_ms));
  filter.named('x.agent_id', scope.ids.agent).named('x.project_id', scope.ids.project);
  const of_asker = by ? scope.ids[by] : (scope.ids.actor ?? scope.ids.api_key);
  filter.named('x.asker_id', of_asker);
  // Ids of one kind stand together: the index leads to them and to no other.
  if (by) filter.where('x.asker_id > ?', `${id_prefixes[by]}_`).where('x.asker_id < ?', `${id_prefixes[by]}_~`);
  filter.asked('x.model', asked.model).asked('x.provider', asked.provider);
  const bucket = `date_bin($${filter.values.push(`${asked.bucket_ms} milliseconds`)}, x.start, 'epoch') as bucket`;
  const durations = what === 'durations' ? ', unnest(x.duration_classes, x.duration_counts) as d (class, calls)' : '';
  const table = by || of_asker ? 'asker_sums' : 'call_sums';
  return `select ${bucket}, ${by ? 'x.asker_id, ' : ''}${key}, ${sum_columns[what]} from ${table} x${durations} where ${filter.text}`;
}

const instant = (at_ms: number): string => new Date(at_ms).toISOString();
