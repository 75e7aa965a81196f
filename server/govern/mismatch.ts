import type { Decision } from '@aos/core/policies/decide.ts';
import { systemDecision } from '@aos/core/policies/stop.ts';

/** The decision about a call whose claimed identity contradicts its key: no policy is asked. */
export const mismatchDecision = (reason: string): Decision =>
  systemDecision({
    policy_name: 'identity of the key',
    type: 'identity',
    scope: 'api_key',
    verdict: 'block',
    code: 'identity_mismatch',
    reason,
    category: 'SAFETY_VIOLATION',
    severity: 'HIGH',
    termination: 'POLICY_BLOCK',
    incident: true,
  });
