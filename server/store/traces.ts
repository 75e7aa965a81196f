import type { Tx } from '../base/database.ts';

/**
 * A trace is there as soon as its run is, under the same suffix: what is read of it before has no row of its own. The
 * row comes with the first thing to keep, an incident or the end, and each of these becomes a value once.
 */
const of_run = `r.tenant_id, 'trc' || substr(r.id, 4), r.id, r.created_at`;

/** The first incident of a run stands on its trace. */
export async function linkIncidents(tx: Tx, run_ids: readonly string[]): Promise<void> {
  if (run_ids.length === 0) return;
  await tx.query(
    `insert into traces (tenant_id, id, run_id, started_at, incident_id)
      select i.tenant_id, i.trace_id, i.source_run_id, coalesce(
            (select r.created_at from runs r where r.tenant_id = i.tenant_id and r.id = i.source_run_id), i.opened_at), i.id
        from (select distinct on (source_run_id) tenant_id, source_run_id, trace_id, id, opened_at from incidents
                where tenant_id = current_tenant() and source_run_id = any ($1)
                order by source_run_id, id) i
      on conflict (tenant_id, id) do update set incident_id = excluded.incident_id where traces.incident_id is null`,
    [run_ids],
    'link_incidents',
  );
}

const summary_of_steps = `(
        select jsonb_build_object('steps_total', count(*), 'steps_succeeded', count(*) filter (where s.status = 'succeeded'),
            'steps_failed', count(*) filter (where s.status <> 'succeeded'), 'cost_usd', coalesce(sum(s.cost_usd), 0)::text,
            'duration_ms', coalesce(sum(s.duration_ms), 0))
          from steps s where s.tenant_id = r.tenant_id and s.run_id = r.id)`;

const completes = `on conflict (tenant_id, id) do update set completed_at = excluded.completed_at, summary = excluded.summary
      where traces.completed_at is null`;

/** Completes the traces of ended runs with what their steps add up to. */
export async function completeTraces(tx: Tx, run_ids: readonly string[]): Promise<void> {
  if (run_ids.length === 0) return;
  await tx.query(
    `insert into traces (tenant_id, id, run_id, started_at, completed_at, summary)
      select ${of_run}, clock_timestamp(), ${summary_of_steps} from runs r
        where r.tenant_id = current_tenant() and r.id = any ($1) order by r.id
      ${completes}`,
    [run_ids],
  );
}

interface End {
  id: string;
  ended_at: string;
}

/** Each run once, by the last of the ends that are told of it. */
const ended_runs = `runs r
        join (select run_id, max(ended_at) as ended_at from unnest($1::text[], $2::timestamptz[]) e(run_id, ended_at) group by run_id) e
          on e.run_id = r.id
        where r.tenant_id = current_tenant() order by r.id`;

/** The same for synthetic runs, at instants that have passed. */
export async function completeTracesAt(tx: Tx, ends: readonly End[]): Promise<void> {
  await tx.query(
    `insert into traces (tenant_id, id, run_id, started_at, completed_at, summary)
      select ${of_run}, e.ended_at, ${summary_of_steps} from ${ended_runs}
      ${completes}`,
    [ends.map(({ id }) => id), ends.map(({ ended_at }) => ended_at)],
  );
}

/**
 * Traces of reported runs are told to have ended, once; answers whose runs these are. What their steps add up to is not
 * closed, since more may come.
 */
export async function completeReported(tx: Tx, ends: readonly End[]): Promise<Set<string>> {
  if (ends.length === 0) return new Set();
  const rows = await tx.query<{ run_id: string }>(
    `insert into traces (tenant_id, id, run_id, started_at, completed_at)
      select ${of_run}, e.ended_at from ${ended_runs}
      on conflict (tenant_id, id) do update set completed_at = excluded.completed_at where traces.completed_at is null
      returning run_id`,
    [ends.map(({ id }) => id), ends.map(({ ended_at }) => ended_at)],
  );
  return new Set(rows.map(({ run_id }) => run_id));
}
