import type { Identity } from '@aos/core/access/identity.ts';
import { type Asker, isSynthetic, type Named } from '@aos/core/activity/call.ts';
import type { TerminationReason } from '@aos/core/activity/run.ts';
import { Problem } from '@aos/core/base/error.ts';
import { isIdOf } from '@aos/core/base/id.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Decision } from '@aos/core/policies/decide.ts';
import { endedDecision, pausedDecision, stopDecision, stopsCallsOf, waitingDecision } from '@aos/core/policies/stop.ts';
import type { Deps } from '../base/deps.ts';
import type { ProjectRow } from '../store/control-read.ts';
import type { RunPause } from '../store/pauses.ts';
import { findRun, type KnownRun, type NewRun } from '../store/runs.ts';
import { killOf } from '../store/stops.ts';
import type { AskedCall, Claims } from './asked.ts';
import type { TenantControl } from './control.ts';
import type { Govern } from './govern.ts';
import { mismatchDecision } from './mismatch.ts';
import { dryRegistry, type Registry } from './registry.ts';

/** Who asks, in which project and run, and how far the credential vouches for it. */
export interface Who {
  asker: Asker;
  project: ProjectRow;
  identity: NewRun['identity'];
  /** Why the call is refused whatever policies say; null when it is not. */
  refused: Decision | null;
  /** The run was there before this call. */
  run_must_exist: boolean;
  /** The row of the run this call opens; null when it is there. */
  openRun(snapshot_id: string, at_ms: number): NewRun | null;
  /** The run was opened by an admitted call. */
  opened(): void;
  /** The run turned out to have ended: look again. */
  forgetRun(): void;
}

/** What is asked about a caller. */
export type WhoAsked = Pick<AskedCall, 'identity' | 'claims' | 'new_run_id' | 'new_run_session'>;

export async function whoAsks(
  govern: Deps & Pick<Govern, 'registry'>,
  control: TenantControl,
  asked: WhoAsked,
): Promise<Who> {
  const { identity, claims } = asked;
  const project = projectOf(control, asked);
  const registry = claims.dry_run ? dryRegistry(govern) : govern.registry;
  const agent = await claimed('agent', claims.agent, identity.agent_ids, (name) =>
    registry.agent(identity.tenant_id, project, name),
  );
  const actor = await claimed('actor', claims.actor, identity.actor_ids, (name) =>
    registry.actor(identity.tenant_id, project, name),
  );
  const joins = claims.run_id !== null || claims.session !== null;
  const run = joins ? await joinedRun(govern, registry, project, asked) : ownRun(asked);
  const paused = control.pauses.get(run.run_id);
  const asker: Asker = {
    tenant_id: identity.tenant_id,
    project: { id: project.id, slug: project.slug },
    api_key: identity.api_key,
    agent: agent.named,
    actor: actor.named,
    session: run.session,
    run_id: run.run_id,
  };
  if (project.synthetic_scenario_id !== null) asker.synthetic_scenario_id = project.synthetic_scenario_id;
  if (paused) setPausedTime(asker, paused);
  const vouched = identityOf(agent, actor);
  return {
    asker,
    project,
    identity: vouched,
    refused: refusedAnyway(control, asker, run, agent.mismatch ?? actor.mismatch),
    run_must_exist: run.is_known && run.closed === null,
    openRun: (snapshot_id, at_ms) => (run.is_open ? null : newRun(asker, vouched, asked, snapshot_id, at_ms)),
    opened: run.opened,
    forgetRun: run.forget,
  };
}

/** For how long the run has been paused, in milliseconds. */
export function pausedMs({ paused, held_at, paused_ms }: RunPause, now_ms: number): number {
  const since = paused?.paused_at ?? held_at;
  return paused_ms + (since === null ? 0 : Math.max(0, now_ms - epochMs(since)));
}

/** Lets a limit on time know for how long the run of a call has stood still, and whether it does now. */
export function setPausedTime(asker: Asker, { paused, held_at, paused_ms }: RunPause): void {
  const since = paused?.paused_at ?? held_at;
  asker.run_paused_ms = paused_ms;
  asker.run_paused_since_ms = since === null ? null : epochMs(since);
}

/** A run that ended or has not begun, then a containment, then an identity that contradicts the key, then a pause. */
function refusedAnyway(control: TenantControl, asker: Asker, run: RunOf, mismatch: string | null): Decision | null {
  if (run.closed !== null) return run.closed;
  const contained = control.containments.find((stop) => stopsCallsOf(stop, asker));
  if (contained) return stopDecision(contained);
  if (mismatch !== null) return mismatchDecision(mismatch);
  const paused = control.pauses.get(asker.run_id)?.paused;
  return paused ? pausedDecision(paused) : null;
}

/** The key's own project; a key of the whole tenant may name another, and uses `default` otherwise. */
export function projectOf(
  control: Pick<TenantControl, 'projects'>,
  { identity, claims }: { identity: Pick<Identity, 'project_id'>; claims: Pick<Claims, 'project'> },
): ProjectRow {
  if (claims.project !== null && identity.project_id !== null) {
    throw new Problem(
      'forbidden',
      'x-aos-project: this key belongs to one project; only a key of the whole tenant may choose.',
    );
  }
  const wanted = identity.project_id ?? claims.project ?? 'default';
  for (const project of control.projects.values()) if (project.id === wanted || project.slug === wanted) return project;
  throw new Problem('not_found', `There is no project "${wanted}".`);
}

interface Claimed<T extends Named> {
  named: T | null;
  is_bound: boolean;
  mismatch: string | null;
}

/**
 * A bound key speaks for those it is bound to, and for the only one of them without being told; others only claim.
 * Bound to several it has to say for which: a call of none of them would be beyond what is limited or contained there.
 */
function claimed<T extends Named>(
  what: 'agent' | 'actor',
  claim: string | null,
  bound: readonly string[],
  find: (name: string) => Promise<T>,
): Claimed<T> | Promise<Claimed<T>> {
  const is_bound = bound.length > 0;
  const name = claim ?? (bound.length === 1 ? bound[0] : undefined);
  if (name === undefined) {
    const unsaid = `this key is bound to ${bound.length} ${what}s: say which one with x-aos-${what}-id`;
    return { named: null, is_bound, mismatch: is_bound ? unsaid : null };
  }
  return find(name).then((named) => {
    if (!is_bound || bound.includes(named.id)) return { named, is_bound, mismatch: null };
    return { named, is_bound, mismatch: `this key is not bound to "${name}", which the call claims to be` };
  });
}

function identityOf(...claims: Claimed<Named>[]): NewRun['identity'] {
  const named = claims.filter((claim) => claim.named !== null);
  if (named.length === 0) return 'none';
  return named.every((claim) => claim.is_bound) ? 'bound' : 'claimed';
}

interface RunOf {
  run_id: string;
  session: Named | null;
  /** Admission has to check that it has not ended. */
  is_known: boolean;
  /** Its row is surely there. */
  is_open: boolean;
  /** Why it takes no calls, now or any more; null while it does. */
  closed: Decision | null;
  opened: () => void;
  forget: () => void;
}

const nothing_to_do = () => undefined;

/** The run that the call names, or that of its session. */
async function joinedRun(govern: Deps, registry: Registry, project: ProjectRow, asked: WhoAsked): Promise<RunOf> {
  const { identity, claims } = asked;
  if (claims.run_id !== null) {
    const joined = await namedRun(govern, registry, project, asked, claims.run_id);
    if (joined) return joined;
  }
  if (claims.session !== null) {
    const name = claims.session;
    const joined = await registry.session(identity.tenant_id, project, name);
    // Asked for again by each call: the session is released once it has been quiet.
    if (joined.kill) registry.forgetSession(identity.tenant_id, project, name);
    return {
      run_id: joined.run_id,
      session: joined.session,
      is_known: true,
      is_open: joined.opened || joined.kill !== null,
      closed: joined.kill && stopDecision(joined.kill),
      opened: () => {
        joined.opened = true;
      },
      forget: () => registry.forgetSession(identity.tenant_id, project, name),
    };
  }
  return ownRun(asked);
}

const ownRun = ({ new_run_id, new_run_session = null }: WhoAsked): RunOf => ({
  run_id: new_run_id,
  session: new_run_session,
  is_known: false,
  is_open: false,
  closed: null,
  opened: nothing_to_do,
  forget: nothing_to_do,
});

/** The run a call names; null when it ended by idleness in the session the call names too: that opens a new one. */
async function namedRun(
  govern: Deps,
  registry: Registry,
  project: ProjectRow,
  { identity, claims }: WhoAsked,
  run_id: string,
): Promise<RunOf | null> {
  const well_formed = isIdOf('run', run_id);
  const run = well_formed ? await govern.db.tenant(identity.tenant_id, (tx) => findRun(tx, run_id)) : undefined;
  if (!run || run.project_id !== project.id)
    throw new Problem('not_found', `x-aos-run-id: there is no run "${run_id}" in this project.`);
  const session =
    claims.session === null ? null : (await registry.session(identity.tenant_id, project, claims.session)).session;
  if (run.status === 'queued' || run.status === 'retry')
    return known(run, session, waitingDecision(run_id, run.status));
  if (run.status !== 'running') {
    if (run.termination_reason === 'COMPLETED' && session && run.session_id === session.id) return null;
    const kill = await govern.db.tenant(identity.tenant_id, (tx) => killOf(tx, run_id));
    const reason = (run.termination_reason ?? 'COMPLETED') as TerminationReason;
    return known(run, session, kill ? stopDecision(kill) : endedDecision(run_id, reason));
  }
  return known(run, session, null);
}

function known(run: KnownRun, session: Named | null, closed: Decision | null): RunOf {
  const of_run = session ?? (run.session_id === null ? null : { id: run.session_id, slug: run.session_id });
  return {
    run_id: run.id,
    session: of_run,
    is_known: true,
    is_open: true,
    closed,
    opened: nothing_to_do,
    forget: nothing_to_do,
  };
}

function newRun(
  asker: Asker,
  identity: NewRun['identity'],
  asked: WhoAsked,
  policy_snapshot_id: string,
  at_ms: number,
): NewRun {
  const at = instantText(at_ms);
  return {
    tenant_id: asker.tenant_id,
    id: asker.run_id,
    project_id: asker.project.id,
    agent_id: asker.agent?.id ?? null,
    actor_id: asker.actor?.id ?? null,
    api_key_id: asker.api_key.id,
    session_id: asker.session?.id ?? null,
    mode: 'gateway',
    status: 'running',
    hold: 'none',
    identity,
    policy_snapshot_id,
    policy_context: 'SYSTEM_DEFAULT',
    calls: 0,
    refused_calls: 0,
    input_tokens: 0,
    output_tokens: 0,
    estimated_cost_usd: '0',
    tags: asked.claims.tags,
    is_synthetic: isSynthetic(asker),
    synthetic_scenario_id: asker.synthetic_scenario_id ?? null,
    created_at: at,
    started_at: at,
    last_activity_at: at,
  };
}
