import type { Job } from './define.ts';
import { end_idle_runs } from './end-idle-runs.ts';
import { expire_holds } from './expire-holds.ts';
import { extend_partitions } from './extend-partitions.ts';
import { forget_idempotency_keys } from './forget-idempotency-keys.ts';
import { settle_kills } from './settle-kills.ts';

/** Every job of the worker. A new one is its file and its name here. */
export const jobs: readonly Job[] = [
  expire_holds,
  end_idle_runs,
  settle_kills,
  forget_idempotency_keys,
  extend_partitions,
];
