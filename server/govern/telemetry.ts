import type { Database, Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { version } from '../base/version.ts';
import { type Collector, sendBatch } from '../otlp/sender.ts';
import { type OutAttributes, type OutSpan, writeSpans } from '../otlp/write-spans.ts';
import { toldRuns, toldSteps } from '../store/telemetry-read.ts';
import { spanOfRun, spanOfStep } from './telemetry-spans.ts';

/** Tells a collector what ran. Calls leave ids behind and go on; everything else happens apart from them. */
export interface Telemetry {
  /** A step has been written, or is about to be. */
  note(tenant_id: string, step_id: string, run_id: string): void;
  /** Sends what waits, for as long as that may take at the end of a process. */
  stop(): Promise<void>;
}

/** Steps that wait; about 200 bytes each. */
const waiting_max = 20_000;
const batch_max = 500;
const pause_ms = 1_000;
/** Runs that have not ended, whose ends are looked for; the oldest give way. */
const runs_max = 10_000;
const look_for_ends_ms = 5_000;
const last_words_ms = 5_000;
const tell_drops_ms = 60_000;

const telling = new WeakMap<Database, Telemetry>();

/** Undefined: nobody is told. */
export const telemetryOf = (deps: Pick<Deps, 'db'>): Telemetry | undefined => telling.get(deps.db);

export function startTelemetry(deps: Deps, collector: Collector, service_name: string): Telemetry {
  const telemetry = new Teller(deps, collector, service_name);
  telling.set(deps.db, telemetry);
  return telemetry;
}

class Teller implements Telemetry {
  readonly #deps: Deps;
  readonly #collector: Collector;
  readonly #resource: OutAttributes;
  readonly #closing = new AbortController();
  #waiting: { tenant_id: string; id: string; run_id: string }[] = [];
  /** Open runs of the steps told here, with the first of these steps. */
  readonly #open = new Map<string, { tenant_id: string; first_step_id: string }>();
  #dropped_at_ms = Number.NEGATIVE_INFINITY;
  #looked_at_ms: number;
  #timer: NodeJS.Timeout | undefined;
  #under_way: Promise<void> = Promise.resolve();

  constructor(deps: Deps, collector: Collector, service_name: string) {
    this.#deps = deps;
    this.#collector = collector;
    this.#resource = {
      'service.name': service_name,
      'service.version': version,
      'service.instance.id': deps.instance_id,
    };
    this.#looked_at_ms = deps.clock.monotonic();
    this.#again();
  }

  note(tenant_id: string, step_id: string, run_id: string): void {
    if (this.#waiting.length >= waiting_max) {
      this.#drop(1, 'queue_full', 'more steps end than are taken');
      return;
    }
    this.#waiting.push({ tenant_id, id: step_id, run_id });
    const known = this.#open.get(run_id);
    if (known === undefined || step_id < known.first_step_id)
      this.#open.set(run_id, { tenant_id, first_step_id: step_id });
    const [oldest] = this.#open.size > runs_max ? this.#open.keys() : [];
    if (oldest !== undefined) this.#open.delete(oldest);
  }

  async stop(): Promise<void> {
    telling.delete(this.#deps.db);
    clearTimeout(this.#timer);
    this.#closing.abort();
    const over = new Promise<void>((resolve) => setTimeout(resolve, last_words_ms).unref());
    const rest = this.#under_way.then(async () => {
      await this.#round();
      await this.#tellEnds();
    });
    await Promise.race([rest.catch(() => undefined), over]);
    const lost = this.#waiting.splice(0).length;
    if (lost > 0) this.#drop(lost, 'unreachable', 'the process ended before they were sent');
  }

  #again(): void {
    this.#timer = setTimeout(() => {
      this.#under_way = this.#round().then(() => {
        if (!this.#closing.signal.aborted) this.#again();
      });
    }, pause_ms);
  }

  async #round(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#tellSteps();
      const is_time = this.#deps.clock.monotonic() - this.#looked_at_ms >= look_for_ends_ms;
      if (this.#open.size > 0 && is_time) await this.#tellEnds();
    } catch (error) {
      this.#deps.log.debug({ error }, 'what ran could not be read to be told');
    }
  }

  async #tellSteps(): Promise<void> {
    const batch = this.#waiting.splice(0, batch_max);
    try {
      const steps = await this.#read(batch, toldSteps);
      await this.#send(steps.flatMap((step) => spanOfStep(step) ?? []));
    } catch (error) {
      this.#waiting.unshift(...batch);
      throw error;
    }
  }

  async #tellEnds(): Promise<void> {
    this.#looked_at_ms = this.#deps.clock.monotonic();
    const open = [...this.#open].map(([id, { tenant_id }]) => ({ tenant_id, id }));
    const ended = await this.#read(open, toldRuns);
    // Of a run whose calls came to several replicas, the one with its first step tells.
    const ours = ended.filter((run) => this.#open.get(run.id)?.first_step_id === run.first_step_id);
    for (const { id } of ended) this.#open.delete(id);
    const spans = ours.flatMap((run) => spanOfRun(run) ?? []);
    for (let n = 0; n < spans.length; n += batch_max) await this.#send(spans.slice(n, n + batch_max));
  }

  /** Tenant by tenant, each in a transaction that sees its own rows only. */
  async #read<Of extends { tenant_id: string }, T>(
    of: readonly Of[],
    read: (tx: Tx, of: readonly Of[]) => Promise<T[]>,
  ): Promise<T[]> {
    const of_tenants = new Map<string, Of[]>();
    for (const one of of) {
      const known = of_tenants.get(one.tenant_id);
      if (known) known.push(one);
      else of_tenants.set(one.tenant_id, [one]);
    }
    const rows: T[] = [];
    for (const [tenant_id, wanted] of of_tenants)
      rows.push(...(await this.#deps.db.tenant(tenant_id, (tx) => read(tx, wanted))));
    return rows;
  }

  async #send(spans: readonly OutSpan[]): Promise<void> {
    if (spans.length === 0) return;
    const body = writeSpans(spans, this.#resource, version);
    const { sent, why } = await sendBatch(this.#collector, body, this.#closing.signal);
    if (sent === 'taken') this.#deps.metrics.spans.inc({ outcome: 'sent' }, spans.length);
    else this.#drop(spans.length, sent, why);
  }

  #drop(count: number, outcome: 'queue_full' | 'refused' | 'unreachable', why: string): void {
    this.#deps.metrics.spans.inc({ outcome }, count);
    if (this.#deps.clock.monotonic() - this.#dropped_at_ms < tell_drops_ms) return;
    this.#dropped_at_ms = this.#deps.clock.monotonic();
    this.#deps.log.warn({ count, outcome }, `spans are dropped: ${why}`);
  }
}
