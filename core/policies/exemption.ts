import type { Call } from '../activity/call.ts';
import { epochMs } from '../base/time.ts';
import { namesFor, type TargetKind } from './target.ts';

export const exemption_kinds = ['project', 'agent', 'api_key', 'actor'] as const satisfies TargetKind[];

/** A subject that is taken out of a policy for a time, as it stands in a snapshot. */
export interface ActiveExemption {
  id: string;
  kind: (typeof exemption_kinds)[number];
  /** Id or slug; of a key its lineage. */
  target_id: string;
  expires_at: string;
}

/** What takes a call out of a policy at an instant; undefined: nothing does. */
export function exemptionOf(
  exemptions: readonly ActiveExemption[] | undefined,
  call: Call,
  at_ms: number,
): ActiveExemption | undefined {
  return exemptions?.find(
    ({ kind, target_id, expires_at }) => epochMs(expires_at) > at_ms && namesFor(kind, call)?.includes(target_id),
  );
}
