import type { Later } from '../govern/later.ts';
import type { Job } from './define.ts';
import { deliver } from './deliver.ts';
import { end_doomed_runs } from './end-doomed-runs.ts';
import { end_idle_runs } from './end-idle-runs.ts';
import { expire_holds } from './expire-holds.ts';
import { expire_policies } from './expire-policies.ts';
import { extend_partitions } from './extend-partitions.ts';
import { forget_balances } from './forget-balances.ts';
import { forget_idempotency_keys } from './forget-idempotency-keys.ts';
import { forget_sign_ins } from './forget-sign-ins.ts';
import { forget_spans } from './forget-spans.ts';
import { heartbeat } from './heartbeat.ts';
import { leave_ended_runs } from './leave-ended-runs.ts';
import { releaseLeftHolds } from './release-left-holds.ts';
import { repeat_alerts } from './repeat-alerts.ts';
import { settle_kills } from './settle-kills.ts';
import { sum_askers, sum_calls, sum_runs } from './sum-up.ts';
import { time_out_approvals } from './time-out-approvals.ts';
import { wake_incidents } from './wake-incidents.ts';
import { watch_limits } from './watch-limits.ts';
import { watch_signals } from './watch-signals.ts';
import { writeLater } from './write-later.ts';

/** The jobs of every process, whatever its roles. */
export const jobsEverywhere = (later: Later): Job[] => [heartbeat, writeLater(later), releaseLeftHolds(later)];

/** Every job of the worker. A new one is its file and its name here. */
export const jobs: readonly Job[] = [
  expire_holds,
  expire_policies,
  end_idle_runs,
  end_doomed_runs,
  leave_ended_runs,
  settle_kills,
  time_out_approvals,
  watch_limits,
  repeat_alerts,
  watch_signals,
  wake_incidents,
  deliver,
  forget_balances,
  forget_idempotency_keys,
  forget_sign_ins,
  forget_spans,
  extend_partitions,
  sum_calls,
  sum_askers,
  sum_runs,
];
