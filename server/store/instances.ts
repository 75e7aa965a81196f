import type { Tx } from '../base/database.ts';

export interface Instance {
  id: string;
  version: string;
  roles: string;
}

/** Tells the others that this process lives, also if they have forgotten it; answers the database's clock (ms since 1970). */
export async function beat(tx: Tx, { id, version, roles }: Instance): Promise<number> {
  const rows = await tx.query<{ now_ms: string }>(
    `insert into instances (id, version, roles) values ($1, $2, $3)
      on conflict (id) do update set heartbeat_at = clock_timestamp()
      returning extract(epoch from clock_timestamp()) * 1000 as now_ms`,
    [id, version, roles],
  );
  return Number(rows[0]?.now_ms);
}

export async function removeInstance(tx: Tx, id: string): Promise<void> {
  await tx.query('delete from instances where id = $1', [id]);
}

export async function removeForgottenInstances(tx: Tx): Promise<void> {
  await tx.query("delete from instances where heartbeat_at < clock_timestamp() - interval '1 day'");
}

/** A process that has not beaten for so long, three heartbeats, is gone, and its calls with it. */
export const dead_after_s = 15;

/** A process `n` with a gateway that has beaten in the last `seconds`. */
export const liveGateway = (n: string, seconds: string): string =>
  `'gateway' = any (string_to_array(${n}.roles, ',')) and ${n}.heartbeat_at > clock_timestamp() - make_interval(secs => ${seconds})`;

/** Processes with a gateway that have beaten lately: those that may have calls in flight. */
export async function liveGateways(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(`select n.id from instances n where ${liveGateway('n', '$1')}`, [
    dead_after_s,
  ]);
  return rows.map((row) => row.id);
}
