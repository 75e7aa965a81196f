import type { Tx } from '../base/database.ts';

export interface ProcessRow {
  id: string;
  version: string;
  roles: string;
  started_at: string;
  heartbeat_at: string;
  alive: boolean;
}

/** Every process that is known; one that is gone stays for a day. Needs a transaction of the installation. */
export function processes(tx: Tx, dead_after_s: number): Promise<ProcessRow[]> {
  return tx.query<ProcessRow>(
    `select id, version, roles, started_at, heartbeat_at, heartbeat_at > clock_timestamp() - make_interval(secs => $1) as alive
      from instances order by alive desc, started_at desc limit 20`,
    [dead_after_s],
  );
}

export async function databaseFacts(tx: Tx): Promise<{ version: string; now_ms: number; size_bytes: number }> {
  const [row] = await tx.query<{ version: string; now_ms: string; size_bytes: string }>(
    `select current_setting('server_version') as version, extract(epoch from clock_timestamp()) * 1000 as now_ms,
        pg_database_size(current_database()) as size_bytes`,
  );
  return { version: String(row?.version), now_ms: Number(row?.now_ms), size_bytes: Number(row?.size_bytes) };
}

export interface Waiting {
  runs_queued: number;
  runs_running: number;
  open_holds: number;
  oldest_hold_at: string | null;
  deliveries_pending: number;
  deliveries_dead: number;
}

/** What waits, or is under way, for one tenant. */
export async function waitingWork(tx: Tx): Promise<Waiting> {
  const [row] = await tx.query<Waiting>(
    `select (select count(*)::int from runs where tenant_id = current_tenant() and status = 'queued') as runs_queued,
        (select count(*)::int from runs where tenant_id = current_tenant() and status in ('running', 'retry')) as runs_running,
        (select count(*)::int from holds where tenant_id = current_tenant()) as open_holds,
        (select min(admitted_at) from holds where tenant_id = current_tenant()) as oldest_hold_at,
        (select count(*)::int from deliveries where tenant_id = current_tenant() and status = 'pending') as deliveries_pending,
        (select count(*)::int from deliveries where tenant_id = current_tenant() and status = 'dead') as deliveries_dead`,
  );
  return row as Waiting;
}
