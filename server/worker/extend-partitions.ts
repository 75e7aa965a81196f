import { extendPartitions } from '../store/partitions.ts';
import type { Job } from './define.ts';

/** Keeps the partitions of the coming months ready. */
export const extend_partitions: Job = {
  name: 'extend-partitions',
  every_ms: 3_600_000,
  run: (govern) => govern.db.installation(extendPartitions),
};
