import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Recent } from './recent.ts';

/** Admission is measured in fractions of milliseconds, a whole call in minutes. */
const short_seconds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const batch_sizes = [1, 2, 4, 8, 16, 32, 64, 128];

/** What the process counts, for Prometheus. Label values come from closed sets or from configuration, never from callers. */
export interface Metrics {
  registry: Registry;
  calls: Counter<'verdict' | 'wire' | 'provider' | 'status'>;
  call_added_seconds: Histogram;
  /** By the id of a policy in shadow: milliseconds until a decision, of calls that it looked at. */
  shadow_decided_ms: Recent;
  books_seconds: Histogram;
  batch_size: Histogram<'kind'>;
  tokens: Counter<'direction'>;
  cost_usd: Counter;
  open_holds: Gauge;
  database_reachable: Gauge;
  http_requests: Counter<'route' | 'status'>;
  spans: Counter<'outcome'>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const seconds = (name: string, help: string) => new Histogram({ name, help, registers, buckets: short_seconds });
  return {
    registry,
    calls: new Counter({
      name: 'aos_calls_total',
      help: 'Governed calls by what was decided and how the caller was answered.',
      registers,
      labelNames: ['verdict', 'wire', 'provider', 'status'],
    }),
    call_added_seconds: seconds('aos_call_added_seconds', 'Time a call spent here and not at its provider.'),
    shadow_decided_ms: new Recent(),
    books_seconds: seconds('aos_books_seconds', 'Time of one batch of admissions and settlements in the database.'),
    batch_size: new Histogram({
      name: 'aos_batch_size',
      help: 'Calls that shared one transaction.',
      registers,
      labelNames: ['kind'],
      buckets: batch_sizes,
    }),
    tokens: new Counter({ name: 'aos_tokens_total', help: 'Tokens settled.', registers, labelNames: ['direction'] }),
    cost_usd: new Counter({ name: 'aos_cost_usd_total', help: 'US dollars settled, rounded.', registers }),
    open_holds: new Gauge({ name: 'aos_open_holds', help: 'Holds of this process that are not settled.', registers }),
    database_reachable: new Gauge({
      name: 'aos_database_reachable',
      help: '1 while the database answers this process, 0 while every governed call is refused.',
      registers,
    }),
    http_requests: new Counter({
      name: 'aos_http_requests_total',
      help: 'Answers by route pattern and status.',
      registers,
      labelNames: ['route', 'status'],
    }),
    spans: new Counter({
      name: 'aos_otel_spans_total',
      help: 'Spans for the collector: sent, or dropped because the queue was full, or it refused or could not be reached.',
      registers,
      labelNames: ['outcome'],
    }),
  };
}
