import { epochMs } from '@aos/core/base/time.ts';
import type { LimitOf, LimitType } from '@aos/core/policies/limits/define.ts';
import { countedOver, typeOf } from '@aos/core/policies/limits/index.ts';
import { raisedFor } from '@aos/core/policies/override.ts';
import { hasStarted, type Matched } from '@aos/core/policies/resolve.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';

/** A limit whose balances are counted over time. */
export type CountedLimit = Pick<Matched, 'policy' | 'control'> & { limit: LimitOf; type: LimitType };

/** Those of policies that have started and not expired. Limits of one run or session are told by its calls, and end with it. */
export const countedLimits = (policies: readonly ActivePolicy[], at_ms: number): CountedLimit[] =>
  policies
    .filter(({ document }) => hasStarted(document, at_ms))
    .filter(({ document }) => document.expires_at === undefined || epochMs(document.expires_at) > at_ms)
    .flatMap((policy) => policy.document.controls.flatMap((control) => countedLimit(policy, control)));

function countedLimit(policy: ActivePolicy, control: CountedLimit['control']): CountedLimit[] {
  const { limit } = control;
  const type = limit && typeOf(limit);
  if (!limit || !type || type.clock) return [];
  const window = countedOver(limit);
  const is_own = !window || ('per' in window && (window.per === 'run' || window.per === 'session'));
  return is_own ? [] : [{ policy, control, limit, type }];
}

/** What the limit allows a subject, raised where an override says so. */
export const maxOf = ({ policy, control, limit, type }: CountedLimit, subject: string, at_ms: number): bigint =>
  raisedFor(policy.overrides, { control_id: control.id, subject, limit, type }, at_ms)?.max ?? type.cap(limit);
