import type { PausedRun } from '@aos/core/policies/stop.ts';
import type { Tx } from '../base/database.ts';
import { setHold } from './runs.ts';

/** How a run stands to pauses: whether it is paused, and for how long it has been before. */
export interface RunPause {
  run_id: string;
  /** Null: it goes on. */
  paused: PausedRun | null;
  /** Since when a limit holds it; null: none does. */
  held_at: string | null;
  /** Time of pauses that are over, in milliseconds. */
  paused_ms: number;
}

/** Runs end long before this; what paused them longer ago concerns no call. */
const looked_back = '8 days';

/** Runs that are paused or were paused of late: part of what decides about every call. */
export function runPauses(tx: Tx): Promise<RunPause[]> {
  return tx.query<RunPause>(
    `select run_id,
        (jsonb_agg(jsonb_build_object('run_id', run_id, 'reason', reason, 'paused_at', paused_at, 'paused_by', paused_by))
          filter (where resumed_at is null and control_id is null)) -> 0 as paused,
        min(paused_at) filter (where resumed_at is null and control_id is not null) as held_at,
        coalesce(sum(extract(epoch from resumed_at - paused_at) * 1000), 0)::float8 as paused_ms
      from run_pauses
      where tenant_id = current_tenant() and (resumed_at is null or resumed_at > clock_timestamp() - $1::interval)
      group by run_id`,
    [looked_back],
  );
}

/** Who lets the run stand still; null: it goes on. */
export async function pauseOf(tx: Tx, run_id: string): Promise<'person' | 'limit' | null> {
  const rows = await tx.query<{ by: 'person' | 'limit' }>(
    `select case when control_id is null then 'person' else 'limit' end as by from run_pauses
      where tenant_id = current_tenant() and run_id = $1 and resumed_at is null`,
    [run_id],
  );
  return rows[0]?.by ?? null;
}

interface NewPause {
  tenant_id: string;
  id: string;
  run_id: string;
  reason: string;
  at: string;
  by: string;
}

/** Undefined: it has ended or is paused already. */
export const pauseRun = (tx: Tx, of: NewPause) => holdRun(tx, { ...of, control_id: null, policy_id: null });

/** The same by the limit of a policy. */
export async function holdRun(
  tx: Tx,
  of: NewPause & { control_id: string | null; policy_id: string | null },
): Promise<{ project_id: string } | undefined> {
  const run = await setHold(tx, { run_id: of.run_id, from: 'none', to: 'paused', at: of.at });
  if (!run) return undefined;
  await tx.query(
    `insert into run_pauses (tenant_id, id, run_id, reason, paused_at, paused_by, control_id, policy_id)
      values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [of.tenant_id, of.id, of.run_id, of.reason, of.at, of.by, of.control_id, of.policy_id],
  );
  return run;
}

interface Resumed {
  run_id: string;
  reason: string;
  at: string;
  by: string;
}

/** Undefined: it is not paused. */
export async function resumeRun(tx: Tx, of: Resumed): Promise<{ project_id: string } | undefined> {
  const run = await setHold(tx, { run_id: of.run_id, from: 'paused', to: 'none', at: of.at });
  if (run) await closePause(tx, of);
  return run;
}

/** The pause of a run is over, because it was resumed or has ended; false when there is none. */
export async function closePause(tx: Tx, of: Resumed): Promise<boolean> {
  const rows = await tx.query(
    `update run_pauses set resumed_at = $2, resumed_by = $3, resume_reason = $4
      where tenant_id = current_tenant() and run_id = $1 and resumed_at is null returning id`,
    [of.run_id, of.at, of.by, of.reason],
  );
  return rows.length > 0;
}

/** A stretch of time for which a run stood still, in milliseconds since 1970. */
export interface PausedTime {
  from_ms: number;
  to_ms: number;
}

/** Of each run that was paused in a stretch of time, when. */
export async function pausesBetween(tx: Tx, from_ms: number, to_ms: number): Promise<Map<string, PausedTime[]>> {
  const rows = await tx.query<{ run_id: string; from_s: number; to_s: number | null }>(
    `select run_id, date_part('epoch', paused_at) as from_s, date_part('epoch', resumed_at) as to_s from run_pauses
      where tenant_id = current_tenant() and paused_at < $2 and (resumed_at is null or resumed_at > $1)`,
    [new Date(from_ms).toISOString(), new Date(to_ms).toISOString()],
  );
  const times = new Map<string, PausedTime[]>();
  for (const { run_id, from_s, to_s } of rows) {
    const time = { from_ms: from_s * 1000, to_ms: to_s === null ? Number.POSITIVE_INFINITY : to_s * 1000 };
    times.set(run_id, [...(times.get(run_id) ?? []), time]);
  }
  return times;
}
