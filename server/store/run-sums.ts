import type { Tx } from '../base/database.ts';
import type { SummedStretch, Sums } from './sums.ts';

/**
 * How many runs began, by how they ended. A run that had not ended when its hour was summed up is kept by its id and read
 * itself until it has; an end is final. Synthetic runs come backdated and reported ones change when they have ended, so
 * neither is summed up.
 */
export const run_sums: Sums = {
  table: 'run_sums',
  of: 'runs',
  kind: 'run',
  at: 'created_at',
  hours: sumHours,
  days: sumDays,
  late: addLate,
};

const parts = 'project_id, agent_id, mode, status, termination_reason';
const is_open = "status in ('queued', 'running', 'retry')";

/**
 * Late runs, each found by its key. As a join by `offset 0`, which the planner cannot turn round: without statistics about
 * the few it would read all runs.
 */
export const late_runs = `late_runs l cross join lateral (
  select x.*, x.${is_open} as is_open from runs x where x.tenant_id = l.tenant_id and x.id = l.id offset 0) r`;

/** In one statement, which sees each run either open or ended. */
async function sumHours(tx: Tx, tenant_id: string, { from, to, from_id, to_id }: SummedStretch): Promise<void> {
  await tx.query(
    `with begun as materialized (
        select id, date_bin('1 hour', created_at, 'epoch') as hour, ${parts}, ${is_open} as is_open from runs
          where tenant_id = $1 and id >= $4 and id < $5 and created_at >= $2 and created_at < $3
            and not is_synthetic and mode <> 'reported'),
      late as (insert into late_runs (tenant_id, id) select $1, id from begun where is_open)
      insert into run_sums (tenant_id, width, start, ${parts}, runs)
        select $1, 'hour', hour, ${parts}, count(*) from begun where not is_open group by hour, ${parts}`,
    [tenant_id, from, to, from_id, to_id],
  );
}

async function sumDays(tx: Tx, tenant_id: string, from: string, to: string): Promise<void> {
  await tx.query(
    `insert into run_sums (tenant_id, width, start, ${parts}, runs)
      select $1, 'day', date_bin('1 day', start, 'epoch') as day, ${parts}, sum(runs) from run_sums
        where tenant_id = $1 and width = 'hour' and start >= $2 and start < $3 group by day, ${parts}`,
    [tenant_id, from, to],
  );
}

/** Adds the late runs that have ended to their hours, and to their days where these are summed up. */
async function addLate(tx: Tx, tenant_id: string, days_until: string): Promise<void> {
  await tx.query(
    `with ended as materialized (
        select r.* from ${late_runs} where l.tenant_id = $1 and not r.is_open),
      gone as (delete from late_runs l using ended e where l.tenant_id = $1 and l.id = e.id)
      insert into run_sums (tenant_id, width, start, ${parts}, runs)
        select $1, width, date_bin(('1 ' || width)::interval, created_at, 'epoch') as start, ${parts}, count(*)
          from ended, (values ('hour'), ('day')) of (width)
          where width = 'hour' or created_at < $2
          group by width, start, ${parts}`,
    [tenant_id, days_until],
  );
}
