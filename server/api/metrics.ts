import { bucket_ms, type Figures, type MetricBucket, type Metrics } from '@aos/core/activity/metrics.ts';
import { FigureSum } from '@aos/core/activity/metrics-sum.ts';
import type { MetricsQuery } from '@aos/core/api/activity.ts';
import { Problem } from '@aos/core/base/error.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Context } from '../http/handler.ts';
import { no_compiling } from '../store/list.ts';
import { scopeOf } from '../store/list-scope.ts';
import { countRefusals, type MetricKey, type MetricRow, type RefusalRow, slugsOf, sumCalls } from '../store/metrics-read.ts';
import { inTenant, nowText } from './change.ts';
import { visibleProject } from './read.ts';

const default_range_ms = 86_400_000;
const most_buckets = 1_500;

/** What calls in a range of time add up to. The sum over the parts of any breakdown is the total, exactly. */
export async function getMetrics(query: MetricsQuery, context: Context): Promise<Metrics> {
  const range = rangeOf(query, context.deps.clock.now());
  const { tenant_id } = context.identity;
  const { calls, refusals, slugs } = await inTenant(context, async (tx) => {
    await Promise.all([tx.query(no_compiling), tx.query("set local work_mem = '64MB'")]);
    const scope = await scopeOf(tx, tenant_id, visibleProject(context), query);
    const { model, provider } = query;
    const asked = { from: instantText(range.from_ms), to: instantText(range.to_ms), bucket_ms: bucket_ms[range.bucket] };
    const of = { tenant_id, scope, asked: { ...asked, model, provider } };
    const [calls, refusals] = await Promise.all([sumCalls(tx, of), countRefusals(tx, of)]);
    const ids = [...calls, ...refusals].flatMap((row) => [row.agent_id ?? [], row.project_id ?? []].flat());
    return { calls, refusals, slugs: await slugsOf(tx, tenant_id, [...new Set(ids)]) };
  });
  const about = (name: MetricRow['about']) => partsOf(name, calls, refusals);
  const slugOf = (id: string | null) => (id === null ? null : (slugs.get(id) ?? null));
  return {
    from: instantText(range.from_ms),
    to: instantText(range.to_ms),
    bucket: range.bucket,
    totals: about('all')[0]?.figures ?? new FigureSum().figures(),
    buckets: bucketsOf(range, about('bucket')),
    by_model: about('model').map(({ key, figures }) => ({ provider: key.provider, model: key.model, ...figures })),
    by_agent: about('agent').map(({ key: { agent_id }, figures }) => ({ agent_id, agent_slug: slugOf(agent_id), ...figures })),
    by_project: about('project').map(({ key: { project_id }, figures }) => ({
      project_id,
      project_slug: slugOf(project_id),
      ...figures,
    })),
    generated_at: nowText(context),
    url: `${context.deps.config.public_url}/activity/metrics`,
  };
}

interface Range {
  from_ms: number;
  to_ms: number;
  bucket: MetricBucket;
}

function rangeOf(query: MetricsQuery, now_ms: number): Range {
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

interface Part {
  key: MetricKey;
  figures: Figures;
}

/** The parts of one breakdown, the dearest first. */
function partsOf(about: MetricRow['about'], calls: readonly MetricRow[], refusals: readonly RefusalRow[]): Part[] {
  const sums = new Map<string, { key: MetricKey; sum: FigureSum }>();
  const sumOf = ({ bucket, provider, model, agent_id, project_id }: MetricKey): FigureSum => {
    const key = { bucket, provider, model, agent_id, project_id };
    const name = JSON.stringify(Object.values(key));
    const found = sums.get(name) ?? { key, sum: new FigureSum() };
    sums.set(name, found);
    return found.sum;
  };
  for (const row of calls) if (row.about === about) sumOf(row).add(row);
  for (const row of refusals) if (row.about === about) sumOf(row).addRefused(row.refused);
  return [...sums.values()]
    .map(({ key, sum }) => ({ key, figures: sum.figures() }))
    .sort((a, b) => Number(b.figures.cost_usd) - Number(a.figures.cost_usd) || b.figures.calls - a.figures.calls);
}

/** Every bucket of the range in order, those without a call too. */
function bucketsOf({ from_ms, to_ms, bucket }: Range, parts: readonly Part[]): Metrics['buckets'] {
  const width_ms = bucket_ms[bucket];
  const figures = new Map(parts.map((part) => [part.key.bucket, part.figures]));
  const none = new FigureSum().figures();
  const buckets: Metrics['buckets'] = [];
  for (let start_ms = Math.floor(from_ms / width_ms) * width_ms; start_ms < to_ms; start_ms += width_ms) {
    const start = instantText(start_ms);
    buckets.push({ start, ...(figures.get(start) ?? none) });
  }
  return buckets;
}
