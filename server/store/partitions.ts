import type { Tx } from '../base/database.ts';

/** How many months of partitions are kept ready, the present one included. */
const months_ahead = 4;

export async function extendPartitions(tx: Tx): Promise<void> {
  await tx.query('call ensure_partitions(clock_timestamp(), $1)', [months_ahead]);
}
