import { sibling } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';
import { type Columns, inserter } from './insert-rows.ts';

export interface NewTrace {
  tenant_id: string;
  id: string;
  run_id: string;
  started_at: string;
}

/** The trace of a run that is opened: their ids share a suffix. */
export const traceOf = (run: { tenant_id: string; id: string; created_at: string }): NewTrace => ({
  tenant_id: run.tenant_id,
  id: sibling(run.id, 'trace'),
  run_id: run.id,
  started_at: run.created_at,
});

const columns: Columns<NewTrace> = { tenant_id: 'text', id: 'text', run_id: 'text', started_at: 'timestamptz' };

export const openTraces = inserter('traces', columns);

/** The first incident of a run stands on its trace: null becomes a value, once. */
export async function linkIncidents(tx: Tx, run_ids: readonly string[]): Promise<void> {
  if (run_ids.length === 0) return;
  await tx.query(
    `update traces t set incident_id = i.id
      from (select distinct on (source_run_id) source_run_id, trace_id, id from incidents
              where tenant_id = current_tenant() and source_run_id = any ($1) order by source_run_id, id) i
      where t.tenant_id = current_tenant() and t.id = i.trace_id and t.incident_id is null`,
    [run_ids],
    'link_incidents',
  );
}

const summary_of_steps = `(
        select jsonb_build_object('steps_total', count(*), 'steps_succeeded', count(*) filter (where s.status = 'succeeded'),
            'steps_failed', count(*) filter (where s.status <> 'succeeded'), 'cost_usd', coalesce(sum(s.cost_usd), 0)::text,
            'duration_ms', coalesce(sum(s.duration_ms), 0))
          from steps s where s.tenant_id = t.tenant_id and s.run_id = t.run_id)`;

/** Completes the traces of ended runs with what their steps add up to. */
export async function completeTraces(tx: Tx, run_ids: readonly string[]): Promise<void> {
  if (run_ids.length === 0) return;
  await tx.query(
    `update traces t set completed_at = clock_timestamp(), summary = ${summary_of_steps}
      where t.tenant_id = current_tenant() and t.id = any (select 'trc' || substr(r, 4) from unnest($1::text[]) r) and t.completed_at is null`,
    [run_ids],
  );
}

/** The same for synthetic runs, at instants that have passed. */
export async function completeTracesAt(tx: Tx, ends: readonly { id: string; ended_at: string }[]): Promise<void> {
  await tx.query(
    `update traces t set completed_at = e.ended_at, summary = ${summary_of_steps}
      from unnest($1::text[], $2::timestamptz[]) e(run_id, ended_at)
      where t.tenant_id = current_tenant() and t.run_id = e.run_id and t.id = 'trc' || substr(e.run_id, 4) and t.completed_at is null`,
    [ends.map(({ id }) => id), ends.map(({ ended_at }) => ended_at)],
  );
}

/**
 * Traces of reported runs are told to have ended, once; answers whose runs these are. What their steps add up to is not
 * closed, since more may come.
 */
export async function completeReported(
  tx: Tx,
  ends: readonly { id: string; ended_at: string }[],
): Promise<Set<string>> {
  if (ends.length === 0) return new Set();
  const rows = await tx.query<{ run_id: string }>(
    `update traces t set completed_at = e.ended_at from unnest($1::text[], $2::timestamptz[]) e(run_id, ended_at)
      where t.tenant_id = current_tenant() and t.id = 'trc' || substr(e.run_id, 4) and t.completed_at is null
      returning t.run_id`,
    [ends.map(({ id }) => id), ends.map(({ ended_at }) => ended_at)],
  );
  return new Set(rows.map(({ run_id }) => run_id));
}
