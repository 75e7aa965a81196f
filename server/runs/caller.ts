import type { Identity } from '@aos/core/access/identity.ts';
import type { Asker } from '@aos/core/activity/call.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Deps } from '../base/deps.ts';
import { findActor } from '../store/actors.ts';
import { findAgent } from '../store/agents.ts';
import { identityOfLineage } from '../store/api-keys.ts';
import type { ManagedRun } from '../store/managed-runs.ts';
import { findProject } from '../store/projects.ts';
import { controlEpoch, isBefore } from '../store/tenants.ts';

/** For whom a run acts: the credential that asked for it, as it stands now, and the names that policies go by. */
export interface Caller {
  identity: Identity;
  asker: Asker;
  /** Models that the agent may ask; null: all. */
  models: readonly string[] | null;
  /** Who the credential belongs to, read no earlier than control stood at this epoch. Throws `forbidden` when it is not valid then. */
  identityAt(control_epoch: string): Promise<Identity>;
}

/** A run, as far as it says for whom it acts. */
export type ActingRun = Pick<
  ManagedRun,
  'run_id' | 'project_id' | 'agent_id' | 'actor_id' | 'api_key_id' | 'session_id'
>;

/** Throws `forbidden` when the key, or what replaced it, was revoked or has expired: its runs go no further. */
export async function callerOf(govern: Deps, tenant_id: string, run: ActingRun): Promise<Caller> {
  const found = await govern.db.tenant(tenant_id, async (tx) => ({
    // First, so that nothing below is older than it.
    control_epoch: present(await controlEpoch(tx, tenant_id), 'the control epoch of a tenant'),
    identity: await identityOfLineage(tx, tenant_id, run.api_key_id, govern.clock.now()),
    project: await findProject(tx, run.project_id),
    agent: run.agent_id === null ? undefined : await findAgent(tx, run.agent_id),
    actor: run.actor_id === null ? undefined : await findActor(tx, run.actor_id),
  }));
  const { control_epoch, project, agent, actor } = found;
  if (!found.identity || !project)
    throw new Problem('forbidden', `The key ${run.api_key_id} that asked for this run is not valid any more.`);
  // Its calls are made in the project of the run, which need not be that of an owner's key.
  const identity = { ...found.identity, project_id: project.id };
  return {
    identity,
    models: agent?.models ?? null,
    identityAt: async (epoch) =>
      isBefore(control_epoch, epoch) ? (await callerOf(govern, tenant_id, run)).identity : identity,
    asker: {
      tenant_id,
      project: { id: project.id, slug: project.slug },
      api_key: identity.api_key,
      agent: agent ? { id: agent.id, slug: agent.slug } : null,
      actor: actor ? { id: actor.id, slug: actor.slug, kind: actor.kind } : null,
      session: run.session_id === null ? null : { id: run.session_id, slug: run.session_id },
      run_id: run.run_id,
      ...(project.synthetic_scenario_id !== null && { synthetic_scenario_id: project.synthetic_scenario_id }),
    },
  };
}
