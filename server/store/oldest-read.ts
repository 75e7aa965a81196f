import type { Tx } from '../base/database.ts';

const logs = {
  llm_runs: { table: 'llm_run_records', at: 'admitted_at' },
  audit: { table: 'audit_ledger', at: 'occurred_at' },
  system: { table: 'system_records', at: 'occurred_at' },
} as const;
export type Log = keyof typeof logs;

/** When the oldest record of a log was made; of one project only where the caller is bound to it. */
export async function oldestOf(
  tx: Tx,
  log: Log,
  { tenant_id, bound_to = null }: { tenant_id: string; bound_to?: string | null },
): Promise<string | null> {
  const { table, at } = logs[log];
  const of_project = bound_to === null ? '' : ' and project_id = $2';
  const rows = await tx.query<{ at: string }>(
    `select ${at} as at from ${table} where tenant_id = $1${of_project} order by id limit 1`,
    bound_to === null ? [tenant_id] : [tenant_id, bound_to],
  );
  return rows[0]?.at ?? null;
}
