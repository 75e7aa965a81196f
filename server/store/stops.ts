import type { Stop } from '@aos/core/policies/stop.ts';
import type { Row, Tx } from '../base/database.ts';
import { dead_after_s, liveGateway } from './instances.ts';
import { ofTenant, readNewest } from './plain-list.ts';

/** Where processes hear that something was stopped. */
export const stop_channel = 'aos_stop';

export type StopRow = Stop & { tenant_id: string };

const columns =
  'tenant_id, id, kind, subject_id, name, reason, ordered_by, policy_id, ordered_at, released_at, released_by, release_reason';

/** Orders a stop, and tells every process when the transaction commits. Undefined: it is in force already. */
export async function orderStop(
  tx: Tx,
  stop: Omit<StopRow, 'released_at' | 'released_by' | 'release_reason'>,
): Promise<StopRow | undefined> {
  const rows = await tx.query<StopRow>(
    `insert into stops (tenant_id, id, kind, subject_id, name, reason, ordered_by, policy_id, ordered_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning ${columns}`,
    [
      stop.tenant_id,
      stop.id,
      stop.kind,
      stop.subject_id,
      stop.name,
      stop.reason,
      stop.ordered_by,
      stop.policy_id,
      stop.ordered_at,
    ],
  );
  const [row] = rows;
  if (row) await tx.query('select pg_notify($1, $2)', [stop_channel, JSON.stringify(row)]);
  return row;
}

/** Containments in force: part of what decides about every call. */
export function containments(tx: Tx): Promise<StopRow[]> {
  return tx.query<StopRow>(
    `select ${columns} from stops where tenant_id = current_tenant() and kind <> 'run' and released_at is null order by id`,
  );
}

/** The order that killed a run; undefined when it ended otherwise. */
export async function killOf(tx: Tx, run_id: string): Promise<StopRow | undefined> {
  const rows = await tx.query<StopRow>(
    `select ${columns} from stops where tenant_id = current_tenant() and kind = 'run' and subject_id = $1`,
    [run_id],
  );
  return rows[0];
}

/** Live gateways that heard of the stop `s` and have not said that they ended what it concerns. */
const missing = `(select count(*)::int from instances n
  where ${liveGateway('n', '$3')} and n.started_at <= s.ordered_at and not exists (
    select from stop_confirmations o where o.tenant_id = s.tenant_id and o.stop_id = s.id and o.instance_id = n.id))`;

/** Whose names a caller may see. */
export interface Shown {
  /** The only project whose people and keys it sees; null: all. */
  own: string | null;
  /** Else the name of a policy that tells callers no amounts stays out, too. */
  may_read: boolean;
}

/** Who killed a run, as the caller may see it, when and why, and what processes have confirmed. */
export async function killShown(tx: Tx, run_id: string, { own, may_read }: Shown): Promise<Row | undefined> {
  const rows = await tx.query(
    `select jsonb_build_object('id', coalesce(s.ordered_by, s.policy_id),
          'kind', case when s.ordered_by is null then 'policy' when m.id is not null then 'person' else 'api_key' end,
          'name', case when s.ordered_by is null and ($4 or l.document ->> 'error_detail' is distinct from 'minimal')
            then l.document ->> 'name'
            when $2::text is null or k.project_id = $2 then coalesce(m.name, k.name) end) as by,
        s.ordered_at as at, s.reason, c.calls_aborted, c.streams_cut, c.processes_confirmed,
        ${missing} as processes_missing
      from stops s
        left join api_keys k on k.tenant_id = s.tenant_id and k.id = s.ordered_by
        left join members m on m.tenant_id = s.tenant_id and m.api_key_id = s.ordered_by
        left join policies l on l.tenant_id = s.tenant_id and l.id = s.policy_id
        cross join lateral (select coalesce(sum(calls_aborted), 0)::int as calls_aborted,
            coalesce(sum(streams_cut), 0)::int as streams_cut, count(*)::int as processes_confirmed
          from stop_confirmations o where o.tenant_id = s.tenant_id and o.stop_id = s.id) c
      where s.tenant_id = current_tenant() and s.kind = 'run' and s.subject_id = $1`,
    [run_id, own, dead_after_s, may_read],
  );
  return rows[0];
}

export async function releaseStop(
  tx: Tx,
  release: { id: string; released_by: string; release_reason: string; released_at: string },
): Promise<StopRow | undefined> {
  const rows = await tx.query<StopRow>(
    `update stops set released_at = $2, released_by = $3, release_reason = $4
      where tenant_id = current_tenant() and id = $1 and kind <> 'run' and released_at is null returning ${columns}`,
    [release.id, release.released_at, release.released_by, release.release_reason],
  );
  return rows[0];
}

export async function findStop(tx: Tx, id: string): Promise<StopRow | undefined> {
  const rows = await tx.query<StopRow>(
    `select ${columns} from stops where tenant_id = current_tenant() and id = $1 and kind <> 'run'`,
    [id],
  );
  return rows[0];
}

export function listContainments(
  tx: Tx,
  in_force: boolean | undefined,
  page: { limit: number; cursor: string | null },
) {
  const filter = ofTenant().always("kind <> 'run'");
  if (in_force !== undefined) filter.always(in_force ? 'released_at is null' : 'released_at is not null');
  return readNewest(tx, { table: 'stops', columns, filter }, page);
}

/** Stops of the last `seconds` that a process has not confirmed: what it may have missed while it was not listening. */
export function unheardStops(tx: Tx, instance_id: string, seconds: number): Promise<StopRow[]> {
  return tx.query<StopRow>(
    `select ${columns} from stops s where tenant_id = current_tenant() and released_at is null
        and ordered_at > clock_timestamp() - make_interval(secs => $2)
        and not exists (select from stop_confirmations c where c.tenant_id = s.tenant_id and c.stop_id = s.id and c.instance_id = $1)
      order by id`,
    [instance_id, seconds],
  );
}

export interface Confirmation {
  instance_id: string;
  calls_aborted: number;
  streams_cut: number;
  confirmed_at: string;
}

export async function confirmStop(
  tx: Tx,
  of: { tenant_id: string; stop_id: string; instance_id: string; calls_aborted: number; streams_cut: number },
): Promise<void> {
  await tx.query(
    `insert into stop_confirmations (tenant_id, stop_id, instance_id, calls_aborted, streams_cut) values ($1, $2, $3, $4, $5)
      on conflict do nothing`,
    [of.tenant_id, of.stop_id, of.instance_id, of.calls_aborted, of.streams_cut],
  );
}

export function confirmationsOf(tx: Tx, stop_id: string): Promise<Confirmation[]> {
  return tx.query<Confirmation>(
    `select instance_id, calls_aborted, streams_cut, confirmed_at from stop_confirmations
      where tenant_id = current_tenant() and stop_id = $1`,
    [stop_id],
  );
}

/** Killed runs whose last call has been settled and whose trace is not completed yet. */
export async function unsettledKills(tx: Tx, limit: number): Promise<string[]> {
  const rows = await tx.query<{ subject_id: string }>(
    `select s.subject_id from stops s where s.tenant_id = current_tenant() and s.kind = 'run' and s.settled_at is null
        and not exists (select from holds h where h.tenant_id = s.tenant_id and h.run_id = s.subject_id)
      order by s.id limit $1`,
    [limit],
  );
  return rows.map((row) => row.subject_id);
}

export async function markSettled(tx: Tx, run_ids: readonly string[]): Promise<void> {
  await tx.query(
    `update stops set settled_at = clock_timestamp() where tenant_id = current_tenant() and kind = 'run' and subject_id = any ($1)`,
    [run_ids],
  );
}
