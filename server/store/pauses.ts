import type { PausedRun } from '@aos/core/policies/stop.ts';
import type { Row, Tx } from '../base/database.ts';
import { setHold } from './runs.ts';
import type { Shown } from './stops.ts';

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

/**
 * Whether a question is about what the run counts as: everybody, an id of its own, or two of them, the second its session
 * or itself. Another run may have asked it.
 */
const concerns_run = `split_part(q.subject, ' ', 2) in ('', r.session_id, r.id) and split_part(q.subject, ' ', 1)
  = any (array['*', r.agent_id, r.actor_id, r.project_id, r.session_id, r.id, o.lineage_id])`;

/**
 * What lets the run stand still now, with the name of who or what did it, as the caller may see it, and when its
 * question ends by itself.
 */
export async function pauseShown(tx: Tx, run_id: string, { own, may_read }: Shown): Promise<Row | undefined> {
  const rows = await tx.query(
    `select jsonb_build_object('id', p.paused_by,
          'kind', case when p.control_id is not null then 'policy' when m.id is not null then 'person' else 'api_key' end,
          'name', coalesce(case when $3 or l.document ->> 'error_detail' is distinct from 'minimal' then l.document ->> 'name' end,
            case when $2::text is null or k.project_id = $2 then coalesce(m.name, k.name) end)) as by,
        p.paused_at as at, p.reason, p.control_id, a.expires_at as until, a.on_timeout
      from run_pauses p
        join runs r on r.tenant_id = p.tenant_id and r.id = p.run_id
        left join api_keys o on o.tenant_id = p.tenant_id and o.id = r.api_key_id
        left join api_keys k on k.tenant_id = p.tenant_id and k.id = p.paused_by
        left join members m on m.tenant_id = p.tenant_id and m.api_key_id = p.paused_by
        left join policies l on l.tenant_id = p.tenant_id and l.id = p.policy_id
        left join lateral (select expires_at, on_timeout from approvals q
          where q.tenant_id = p.tenant_id and q.control_id = p.control_id and q.status = 'pending'
            and ${concerns_run} order by q.run_id = p.run_id desc, q.id desc limit 1) a on true
      where p.tenant_id = current_tenant() and p.run_id = $1 and p.resumed_at is null`,
    [run_id, own, may_read],
  );
  return rows[0];
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
