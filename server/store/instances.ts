import type { Tx } from '../base/database.ts';

export async function registerInstance(
  tx: Tx,
  instance: { id: string; version: string; roles: string },
): Promise<void> {
  await tx.query('insert into instances (id, version, roles) values ($1, $2, $3)', [
    instance.id,
    instance.version,
    instance.roles,
  ]);
}

/** Tells the others that this process lives, and learns the database's clock (milliseconds since 1970). */
export async function beat(tx: Tx, id: string): Promise<number> {
  const rows = await tx.query<{ now_ms: string }>(
    'update instances set heartbeat_at = clock_timestamp() where id = $1 returning extract(epoch from clock_timestamp()) * 1000 as now_ms',
    [id],
  );
  return Number(rows[0]?.now_ms);
}

export async function removeInstance(tx: Tx, id: string): Promise<void> {
  await tx.query('delete from instances where id = $1', [id]);
}

export async function removeForgottenInstances(tx: Tx): Promise<void> {
  await tx.query("delete from instances where heartbeat_at < clock_timestamp() - interval '1 day'");
}

/** A process that has not beaten for so long is gone, and its calls with it. */
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
