import {
  bucket_ms,
  type Counts,
  type Figures,
  type MetricAsker,
  type MetricBucket,
  type Metrics,
  metrics,
} from '@aos/core/activity/metrics.ts';
import type { MetricsQuery } from '@aos/core/api/activity.ts';
import { Problem } from '@aos/core/base/error.ts';
import { nanoOfUsd, usdOfNano } from '@aos/core/base/money.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { orTooMuch, readMany } from '../store/list.ts';
import { scopeOf } from '../store/list-scope.ts';
import { type AskerRow, sumByAsker } from '../store/metrics-askers.ts';
import { type MetricsOf, sumsFor } from '../store/metrics-pieces.ts';
import { countRefusals, durationsOf, type MetricKey, slugsOf, sumCalls } from '../store/metrics-read.ts';
import { summedOf } from '../store/sums.ts';
import { inTenant, nowText } from './change.ts';
import { visibleProject } from './read.ts';

const default_range_ms = 86_400_000;
const most_buckets = 1_500;

/** What calls in a range of time add up to. The sum over the parts of any breakdown is the total, exactly. */
export async function getMetrics(query: MetricsQuery, context: Context): Promise<Metrics> {
  const range = rangeOf(query, context.deps.clock.now());
  const { parts, slugs, askers } = await readParts(query, range, context).catch((error: unknown) => {
    throw orTooMuch(error);
  });
  const totals = { ...nothing, ...parts.find(({ about }) => about === 'all') };
  const about = (name: MetricKey['about']) => parts.filter((part) => part.about === name);
  return metrics.parse({
    from: instantText(range.from_ms),
    to: instantText(range.to_ms),
    bucket: range.bucket,
    totals,
    buckets: bucketsOf(range, about('bucket')),
    by_model: about('model').sort(dearest),
    by_provider: about('provider').sort(dearest),
    by_agent: about('agent')
      .sort(dearest)
      .map((part) => ({ ...part, agent_slug: slugs.get(part.agent_id ?? '') ?? null })),
    by_project: about('project')
      .sort(dearest)
      .map((part) => ({ ...part, project_slug: slugs.get(part.project_id ?? '') ?? null })),
    by_asker: query.group_by ? { of: query.group_by, items: askers, rest: restOf(totals, askers) } : null,
    generated_at: nowText(context),
    url: `${context.deps.config.public_url}/activity/metrics`,
  });
}

type Part = MetricKey & Figures;

function readParts(
  query: MetricsQuery,
  range: Range,
  context: Context,
): Promise<{ parts: Part[]; slugs: Map<string, string>; askers: AskerRow[] }> {
  const { tenant_id } = context.identity;
  const { model, provider, source, group_by: by } = query;
  const { from_ms, to_ms, bucket } = range;
  const asked = {
    from: instantText(from_ms),
    to: instantText(to_ms),
    bucket_ms: bucket_ms[bucket],
    model,
    provider,
    source,
  };
  return inTenant(context, async (tx) => {
    await readMany(tx);
    const scope = await scopeOf(tx, tenant_id, visibleProject(context), query);
    const known_by = sumsFor({ scope, asked });
    const summed = known_by && (await summedOf(tx, known_by, tenant_id));
    const of = { tenant_id, scope, asked, summed };
    const [sums, durations, refusals, askers] = await Promise.all([
      sumCalls(tx, of),
      durationsOf(tx, of),
      countRefusals(tx, of),
      by === undefined ? [] : askersOf(tx, { tenant_id, scope, asked, by }),
    ]);
    const parts = new Map<string, Part>();
    const add = (row: MetricKey, figures: object) => {
      const { about, bucket, provider, model, agent_id, project_id } = row;
      const key = { about, bucket, provider, model, agent_id, project_id };
      const name = JSON.stringify(Object.values(key));
      parts.set(name, { ...(parts.get(name) ?? { ...nothing, ...key }), ...figures });
    };
    for (const row of sums) add(row, row);
    for (const row of durations)
      if (row.quantiles) add(row, { p50_duration_ms: row.quantiles[0], p95_duration_ms: row.quantiles[1] });
    for (const row of refusals) add(row, { refused: row.refused });
    const ids = [...parts.values()].flatMap((part) => [part.agent_id, part.project_id]).filter((id) => id !== null);
    return { parts: [...parts.values()], slugs: await slugsOf(tx, tenant_id, [...new Set(ids)]), askers };
  });
}

/** People or keys are told apart by sums of their own; over whole days, whatever the buckets are. */
async function askersOf(tx: Tx, of: Omit<MetricsOf, 'summed'> & { by: MetricAsker }): Promise<AskerRow[]> {
  const asked = { ...of.asked, bucket_ms: bucket_ms.day };
  const known_by = sumsFor({ ...of, asked });
  const summed = known_by && (await summedOf(tx, known_by, of.tenant_id));
  return sumByAsker(tx, { ...of, asked, summed });
}

/** What is left of the totals without those who are told one by one; nothing where calls came between the statements. */
function restOf(totals: Figures, askers: readonly AskerRow[]): Counts {
  const left = (name: Exclude<keyof Counts, 'cost_usd'>) =>
    Math.max(
      0,
      askers.reduce((rest, one) => rest - Number(one[name]), Number(totals[name])),
    );
  const nano = askers.reduce((rest, one) => rest - nanoOfUsd(one.cost_usd), nanoOfUsd(totals.cost_usd));
  return {
    calls: left('calls'),
    failed: left('failed'),
    refused: left('refused'),
    input_tokens: left('input_tokens'),
    output_tokens: left('output_tokens'),
    cost_usd: usdOfNano(nano > 0n ? nano : 0n),
    unpriced_calls: left('unpriced_calls'),
  };
}

const nothing: Figures = {
  calls: 0,
  failed: 0,
  refused: 0,
  input_tokens: 0,
  output_tokens: 0,
  cost_usd: '0.000000000',
  unpriced_calls: 0,
  p50_duration_ms: null,
  p95_duration_ms: null,
};

/** For the order only: sums are never made of these numbers. */
const dearest = (a: Part, b: Part): number =>
  Number(b.cost_usd) - Number(a.cost_usd) || Number(b.calls) - Number(a.calls);

interface Range {
  from_ms: number;
  to_ms: number;
  bucket: MetricBucket;
}

export function rangeOf(query: Pick<MetricsQuery, 'from' | 'to' | 'bucket'>, now_ms: number): Range {
  const to_ms = query.to === undefined ? now_ms : epochMs(query.to);
  const from_ms = query.from === undefined ? to_ms - default_range_ms : epochMs(query.from);
  const length_ms = to_ms - from_ms;
  if (length_ms <= 0) throw new Problem('invalid_query', 'The query cannot be read: from must be before to.');
  const bucket = query.bucket ?? fittingBucket(length_ms);
  if (length_ms / bucket_ms[bucket] > most_buckets) {
    throw new Problem(
      'invalid_query',
      `The query cannot be read: the range has more than ${most_buckets} buckets of one ${bucket}. Ask for a shorter range or a wider bucket.`,
    );
  }
  return { from_ms, to_ms, bucket };
}

/** Minutes up to three hours, hours up to a week, then days. */
function fittingBucket(length_ms: number): MetricBucket {
  if (length_ms <= 3 * bucket_ms.hour) return 'minute';
  return length_ms <= 7 * bucket_ms.day ? 'hour' : 'day';
}

/** Every bucket of the range in order, those without a call too. */
function bucketsOf({ from_ms, to_ms, bucket }: Range, parts: readonly Part[]): (Figures & { start: string })[] {
  const width_ms = bucket_ms[bucket];
  const known = new Map(parts.map((part) => [part.bucket, part]));
  const buckets: (Figures & { start: string })[] = [];
  for (let start_ms = Math.floor(from_ms / width_ms) * width_ms; start_ms < to_ms; start_ms += width_ms) {
    const start = instantText(start_ms);
    buckets.push({ start, ...(known.get(start) ?? nothing) });
  }
  return buckets;
}
