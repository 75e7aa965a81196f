import { day_ms, duration_ms, hour_ms, type Summed } from './call-sums.ts';
import { Filter, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';

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
  /** What is summed up; null: nothing is. */
  summed: Summed | null;
}

/** A stretch of time that is read from the calls themselves, or from their sums by hour or day. */
interface Stretch {
  width: 'call' | 'hour' | 'day';
  from_ms: number;
  to_ms: number;
}

/** The stretches of a range: as much as can be from sums, what is left of it from calls. */
export function stretchesOf({ scope, asked, summed }: Omit<MetricsOf, 'tenant_id'>): Stretch[] {
  const [from_ms, to_ms] = [Date.parse(asked.from), Date.parse(asked.to)];
  const { actor, api_key, session } = scope.ids;
  const is_narrower = actor !== undefined || api_key !== undefined || session !== undefined;
  const calls: Stretch = { width: 'call', from_ms, to_ms };
  if (!summed || is_narrower || scope.is_synthetic !== false || asked.source !== undefined) return [calls];
  if (asked.bucket_ms < hour_ms) return [calls];
  const hours = inside(calls, hour_ms, Math.max(from_ms, summed.since_ms), Math.min(to_ms, summed.hours_until_ms));
  const days = inside(
    hours,
    asked.bucket_ms < day_ms ? Infinity : day_ms,
    hours.from_ms,
    Math.min(hours.to_ms, summed.days_until_ms),
  );
  const around = (outer: Stretch, inner: Stretch): Stretch[] => [
    { ...outer, to_ms: inner.from_ms },
    { ...outer, from_ms: inner.to_ms },
  ];
  const [before, after] = around(calls, hours);
  const [morning, evening] = around({ ...hours, width: 'hour' }, days);
  const all = [before, morning, { ...days, width: 'day' as const }, evening, after];
  return all.flatMap((of) => (of && of.from_ms < of.to_ms ? of : []));
}

/** The whole hours or days between two instants of a stretch; where there is none, nothing at the end of the stretch. */
function inside(of: Stretch, step_ms: number, from_ms: number, to_ms: number): Stretch {
  const first_ms = Math.ceil(from_ms / step_ms) * step_ms;
  const last_ms = Math.floor(to_ms / step_ms) * step_ms;
  return first_ms < last_ms ? { ...of, from_ms: first_ms, to_ms: last_ms } : { ...of, from_ms: of.to_ms };
}

/** The rows of all stretches: `sums` of each, or how many calls of each class of duration. */
export function piecesOf(of: MetricsOf, what: 'sums' | 'durations'): { rows: string; values: unknown[] } {
  const filter = new Filter();
  const pieces = stretchesOf(of).map((stretch) => {
    const piece = new Filter(filter.values);
    return stretch.width === 'call' ? callsIn(piece, of, stretch, what) : sumsIn(piece, of, stretch, what);
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
  { tenant_id, scope, asked }: MetricsOf,
  at: Stretch,
  what: 'sums' | 'durations',
): string {
  filter.where('x.tenant_id = ?', tenant_id);
  inScope(filter, 'x', scope);
  within(filter, { id: 'x.id', kind: 'record', at: 'x.admitted_at' }, instant(at.from_ms), instant(at.to_ms));
  filter.among('x.model', asked.model).among('x.provider', asked.provider).among('x.source', asked.source);
  // What was only reported is nobody's spend here, unless somebody asks for it.
  if (asked.source === undefined) filter.always("x.source <> 'reported'");
  const bucket = `date_bin($${filter.values.push(`${asked.bucket_ms} milliseconds`)}, x.admitted_at, 'epoch') as bucket`;
  return `select ${bucket}, ${key}, ${call_columns[what]} from llm_run_records x where ${filter.text}`;
}

function sumsIn(
  filter: Filter,
  { tenant_id, scope, asked }: MetricsOf,
  at: Stretch,
  what: 'sums' | 'durations',
): string {
  filter.where('x.tenant_id = ?', tenant_id).where('x.width = ?', at.width);
  filter.where('x.start >= ?', instant(at.from_ms)).where('x.start < ?', instant(at.to_ms));
  filter.among('x.agent_id', scope.ids.agent).among('x.project_id', scope.ids.project);
  filter.among('x.model', asked.model).among('x.provider', asked.provider);
  const bucket = `date_bin($${filter.values.push(`${asked.bucket_ms} milliseconds`)}, x.start, 'epoch') as bucket`;
  const durations = what === 'durations' ? ', unnest(x.duration_classes, x.duration_counts) as d (class, calls)' : '';
  return `select ${bucket}, ${key}, ${sum_columns[what]} from call_sums x${durations} where ${filter.text}`;
}

const instant = (at_ms: number): string => new Date(at_ms).toISOString();
