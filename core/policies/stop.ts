import { z } from 'zod';
import type { Asker } from '../activity/call.ts';
import { idOf, no_policy } from '../base/id.ts';
import { instant } from '../base/time.ts';
import type { Contribution, Decision } from './decide.ts';

/** What can be stopped at once: one run is killed; agents, actors, keys and the tenant are contained until released. */
const stop_kinds = ['run', 'agent', 'actor', 'api_key', 'tenant'] as const;

/** An order to stop, as it is stored. */
export const stop_object = z
  .object({
    id: idOf('stop'),
    kind: z.enum(stop_kinds),
    subject_id: z.string().meta({ description: 'What was stopped; of a key its lineage' }),
    name: z.string().meta({ description: 'What people call it' }),
    reason: z.string(),
    ordered_by: z.string().nullable().meta({ description: 'The key that ordered it; null: a policy did' }),
    policy_id: idOf('policy').nullable(),
    ordered_at: instant,
    released_at: instant.nullable(),
    released_by: z.string().nullable(),
    release_reason: z.string().nullable(),
  })
  .meta({ id: 'Stop' });
export type Stop = z.infer<typeof stop_object>;

/** Whether a stop concerns the calls of an asker. */
export function stopsCallsOf({ kind, subject_id }: Pick<Stop, 'kind' | 'subject_id'>, asker: Asker): boolean {
  switch (kind) {
    case 'run':
      return asker.run_id === subject_id;
    case 'agent':
      return asker.agent?.id === subject_id;
    case 'actor':
      return asker.actor?.id === subject_id;
    case 'api_key':
      return asker.api_key.lineage_id === subject_id;
    case 'tenant':
      return asker.tenant_id === subject_id;
  }
}

/** The type of a contribution that no control made but a person. */
export const by_person = 'stop';

const scope_of = { run: 'all_runs', agent: 'agent', actor: 'actor', api_key: 'api_key', tenant: 'all_runs' } as const;
const noun_of = { run: 'run', agent: 'agent', actor: 'actor', api_key: 'key', tenant: 'tenant' } as const;

/** What a stop says, in words: whom it concerns, who ordered it, when and why. */
function stopReason({ kind, name, reason, ordered_by, ordered_at }: Stop): string {
  const what = kind === 'run' ? 'was killed' : 'is contained';
  const whose = ordered_by === null ? 'a policy' : `the key ${ordered_by}`;
  const release = kind === 'run' ? '' : ' Its calls are refused until a person releases it.';
  return `the ${noun_of[kind]} "${name}" ${what} by ${whose} at ${ordered_at}: ${reason.replace(/[.\s]+$/, '')}.${release}`;
}

/** The decision about a call that is stopped, before it begins or while it runs: no policy is asked. */
export const stopDecision = (stop: Stop): Decision =>
  systemDecision({
    policy_name: stop.kind === 'run' ? 'kill' : 'containment',
    type: by_person,
    scope: scope_of[stop.kind],
    verdict: 'kill',
    code: stop.kind === 'run' ? 'run_terminated' : 'agent_contained',
    reason: stopReason(stop),
    category: 'EXECUTION_FAILURE',
    severity: 'LOW',
    termination: 'USER_ABORT',
    incident: false,
  });

/** The decision about a call of a run that has ended. */
export const endedDecision = (run_id: string, termination: Decided['termination']): Decision =>
  systemDecision({
    policy_name: 'ended run',
    type: by_person,
    scope: 'all_runs',
    verdict: 'block',
    code: 'run_terminated',
    reason: `the run ${run_id} has ended (${termination}): start a new one by leaving x-aos-run-id out`,
    category: 'EXECUTION_FAILURE',
    severity: 'LOW',
    termination,
    incident: false,
  });

/** The decision about a call under way whose key was revoked. */
export const revokedDecision = ({ id, name, revoked_at }: { id: string; name: string; revoked_at: string }): Decision =>
  systemDecision({
    policy_name: 'revocation',
    type: by_person,
    scope: 'api_key',
    verdict: 'block',
    code: 'unauthenticated',
    reason: `the key "${name}" (${id}) was revoked at ${revoked_at}`,
    category: 'EXECUTION_FAILURE',
    severity: 'LOW',
    termination: 'USER_ABORT',
    incident: false,
  });

/** The decision about a call that is still under way when its process has to end. */
export const shutdownDecision = (waited_ms: number): Decision =>
  systemDecision({
    policy_name: 'shutdown',
    type: by_person,
    scope: 'all_runs',
    verdict: 'block',
    code: 'server_stopping',
    reason: `the server was told to stop and waited ${waited_ms / 1000} s for the call to end`,
    category: 'EXECUTION_FAILURE',
    severity: 'LOW',
    termination: 'USER_ABORT',
    incident: false,
  });

/** A run that a person has paused. */
export interface PausedRun {
  run_id: string;
  reason: string;
  paused_at: string;
  paused_by: string;
}

/** The decision about a call of a run that a person has paused: it waits until the run is resumed. */
export const pausedDecision = ({ run_id, reason, paused_at, paused_by }: PausedRun): Decision =>
  systemDecision({
    policy_name: 'pause',
    type: by_person,
    scope: 'all_runs',
    verdict: 'pause',
    code: 'run_paused',
    reason: `the run ${run_id} was paused by the key ${paused_by} at ${paused_at}: ${reason.replace(/[.\s]+$/, '')}. Its calls wait until it is resumed`,
    category: 'EXECUTION_FAILURE',
    severity: 'LOW',
    termination: 'USER_ABORT',
    incident: false,
  });

/** The decision about a call of a run that no worker has begun, or begun again: it waits for that. */
export const waitingDecision = (run_id: string, status: 'queued' | 'retry'): Decision =>
  systemDecision({
    policy_name: 'waiting run',
    type: by_person,
    scope: 'all_runs',
    verdict: 'pause',
    code: 'run_paused',
    reason:
      status === 'queued'
        ? `the run ${run_id} is queued: its calls wait until it begins`
        : `the run ${run_id} waits for its next try: its calls wait until it begins again`,
    category: 'EXECUTION_FAILURE',
    severity: 'LOW',
    termination: 'USER_ABORT',
    incident: false,
  });

/** Whether a decision rests on the end of the call's run. */
export const hasEnded = ({ deciding }: Decision): boolean =>
  deciding?.type === by_person && deciding.code === 'run_terminated';

/** Whether a control ends the run and not only the call: one that kills, or the time of the run that is over. */
export const endsRun = (by: Contribution): boolean =>
  by.type !== by_person && (by.verdict === 'kill' || (by.verdict === 'block' && by.code === 'run_terminated'));

type Decided = Decision['contributions'][number];

/** A decision that rests on one fact of the system, and on no policy. */
export function systemDecision(
  of: Pick<
    Decided,
    | 'policy_name'
    | 'type'
    | 'scope'
    | 'verdict'
    | 'code'
    | 'reason'
    | 'category'
    | 'severity'
    | 'termination'
    | 'incident'
  >,
): Decision {
  const deciding: Decided = {
    ...of,
    policy_id: no_policy,
    policy_version: 1,
    control_id: no_policy,
    mode: 'enforce',
    action: of.verdict,
    fired: true,
    not_evaluated: false,
    message: null,
    subject: null,
    unit: null,
    limit: null,
    used: null,
    reserved: null,
    requested: null,
    remaining: null,
    resets_at: null,
  };
  return { verdict: of.verdict, fired: true, deciding, contributions: [deciding], shadow_verdict: 'continue' };
}
