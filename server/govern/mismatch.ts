import { no_policy } from '@aos/core/incidents/open.ts';
import type { Decision } from '@aos/core/policies/decide.ts';

/** The decision about a call whose claimed identity contradicts its key: no policy is asked. */
export function mismatchDecision(reason: string): Decision {
  const deciding: Decision['contributions'][number] = {
    policy_id: no_policy,
    policy_name: 'identity of the key',
    policy_version: 1,
    control_id: no_policy,
    mode: 'enforce',
    type: 'identity',
    scope: 'api_key',
    action: 'block',
    fired: true,
    not_evaluated: false,
    verdict: 'block',
    code: 'identity_mismatch',
    reason,
    message: null,
    subject: null,
    unit: null,
    limit: null,
    used: null,
    reserved: null,
    requested: null,
    remaining: null,
    resets_at: null,
    category: 'SAFETY_VIOLATION',
    severity: 'HIGH',
    termination: 'POLICY_BLOCK',
    incident: true,
  };
  return { verdict: 'block', fired: true, deciding, contributions: [deciding], shadow_verdict: 'continue' };
}
