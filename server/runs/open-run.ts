import type { Identity } from '@aos/core/access/identity.ts';
import { isSynthetic, type Named } from '@aos/core/activity/call.ts';
import { type Plan, planProblems } from '@aos/core/activity/plan.ts';
import { wires } from '@aos/core/activity/wires/index.ts';
import type { AskedRun } from '@aos/core/api/runs.ts';
import { Problem } from '@aos/core/base/error.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import type { Claims } from '../govern/asked.ts';
import { createControls, type TenantControl } from '../govern/control.ts';
import { chooseModel, default_name, fullName, nameOfDefault } from '../govern/models.ts';
import { createRegistry, type Registry } from '../govern/registry.ts';
import { type Who, whoAsks } from '../govern/who.ts';
import { type AgentRow, findAgent } from '../store/agents.ts';
import { findAssumedPlan } from '../store/assumed-plans.ts';
import { appendToLedger } from '../store/ledger.ts';
import { insertManagedRun } from '../store/managed-runs.ts';
import { insertGoalRun, parentRun } from '../store/runs.ts';
import { allowedSkills } from './make-plan.ts';

/** Skills of an agent for which nobody has said what it may do: those without effect outside. */
export const default_skills = ['llm', 'transform', 'wait'];

/** An agent as it stands in its table; when it is only supposed, not yet seen there, nothing was said about it. */
type ActingAgent = Named & Partial<Pick<AgentRow, 'skills' | 'models' | 'default_model'>>;

/** Who asks for a run, and what the agent may do. */
export interface Asking {
  control: TenantControl;
  who: Who;
  agent: ActingAgent;
  skills: string[];
  model: string;
  /** The one that was given, or that a simulation had assumed. */
  plan: Plan | null;
}

export interface Credential {
  identity: Identity;
  request_id: string;
}

type AskedFor = Omit<AskedRun, 'goal' | 'mode' | 'max_retries' | 'parent_run_id'>;
type Opening = { new_run_id: string; registry: Registry };

/** Finds out who asks and for which agent, in which session. */
export async function actingFor(
  deps: Deps,
  { identity }: Credential,
  asked: Pick<AskedFor, 'agent_id' | 'actor_id' | 'session_id' | 'project' | 'tags'>,
  { registry, new_run_id }: Opening,
): Promise<Pick<Asking, 'control' | 'who' | 'agent'>> {
  const control = await createControls(deps).of(identity.tenant_id);
  const claims: Claims = {
    agent: asked.agent_id ?? null,
    actor: asked.actor_id ?? null,
    session: null,
    run_id: null,
    project: asked.project ?? null,
    tags: asked.tags,
    dry_run: false,
  };
  const who = await whoAsks({ ...deps, registry }, control, { identity, claims, new_run_id });
  const refusal = who.refused?.deciding;
  if (refusal) throw new Problem(refusal.code ?? 'policy_blocked', `This run cannot begin: ${refusal.reason}.`);
  const named = who.asker.agent;
  if (!named)
    throw new Problem('invalid_body', 'The body cannot be read: agent_id is missing. Name the agent that is to act.');
  const agent: ActingAgent = (await deps.db.tenant(identity.tenant_id, (tx) => findAgent(tx, named.id))) ?? named;
  if (asked.session_id !== undefined)
    who.asker.session = (await registry.session(identity.tenant_id, who.project, asked.session_id)).session;
  return { control, who, agent };
}

/** The same with what it asks for; refuses what the agent may not do before anything is written. */
export async function askingFor(deps: Deps, credential: Credential, asked: AskedFor, of: Opening): Promise<Asking> {
  const { control, who, agent } = await actingFor(deps, credential, asked, of);
  const wanted = asked.model ?? agent.default_model ?? nameOfDefault(control);
  const model = wanted === default_name ? fullName(chooseModel(control, wires.chat, wanted)) : wanted;
  refuseModel(control, agent, model);
  const skills = agent.skills ?? default_skills;
  const plan = await planGiven(deps, credential.identity.tenant_id, who.project.id, asked);
  if (plan) refusePlan(plan, skills);
  for (const { skill, params } of plan?.steps ?? [])
    if (skill === 'llm' && typeof params.model === 'string') refuseModel(control, agent, params.model);
  return { control, who, agent, skills, model, plan };
}

async function planGiven(
  deps: Deps,
  tenant_id: string,
  project_id: string,
  { plan, plan_id }: Pick<AskedRun, 'plan' | 'plan_id'>,
): Promise<Plan | null> {
  if (plan_id === undefined) return plan ?? null;
  if (plan) throw new Problem('invalid_body', 'The body cannot be read: give plan or plan_id, not both.');
  const assumed = await deps.db.tenant(tenant_id, (tx) => findAssumedPlan(tx, plan_id));
  if (assumed?.project_id === project_id) return assumed.plan;
  throw new Problem('invalid_body', `plan_id: no simulation in this project has assumed the plan "${plan_id}".`);
}

/** Whether a list of models, of which null means all, names one; with its provider or without. */
export const namesModel = (models: readonly string[] | null, model: string): boolean =>
  models === null || models.some((one) => one === model || one.endsWith(`/${model}`) || model.endsWith(`/${one}`));

function refuseModel(control: TenantControl, agent: ActingAgent, model: string): void {
  chooseModel(control, wires.chat, model);
  if (namesModel(agent.models ?? null, model)) return;
  throw new Problem(
    'model_not_allowed',
    `The agent "${agent.slug}" may not use the model "${model}": its models are ${agent.models?.join(', ') || 'none'}.`,
  );
}

function refusePlan(plan: Plan, skills: readonly string[]): void {
  const problems = planProblems(plan, allowedSkills(skills));
  if (problems.length > 0)
    throw new Problem('invalid_body', `The plan cannot be carried out: ${problems.slice(0, 10).join('; ')}.`);
}

/** Opens the run with its trace, its work and its ledger entry, in one transaction; answers its id. */
export async function openRun(
  deps: Deps,
  credential: Credential,
  asked: AskedRun,
  retried: string | null = null,
): Promise<string> {
  const { identity, request_id } = credential;
  const { tenant_id } = identity;
  const id = deps.makeId('run');
  const registry = createRegistry(deps);
  const asking = await askingFor(deps, credential, asked, { new_run_id: id, registry });
  const { who, agent, skills, model, plan } = asking;
  const at = instantText(deps.clock.now());
  const is_external = asked.mode === 'external';
  if (is_external && asking.plan)
    throw new Problem(
      'invalid_body',
      'The body cannot be read: plan is for managed runs; an external agent has its own.',
    );
  const run = newRun(asking, credential, asked, { id, at });
  const parent_run_id = retried ?? asked.parent_run_id ?? null;
  await deps.db.tenant(tenant_id, async (tx) => {
    if (asked.parent_run_id !== undefined) await refuseParent(tx, asked.parent_run_id, who.project.id);
    await insertGoalRun(tx, { ...run, goal: asked.goal, parent_run_id, started_at: is_external ? at : null });
    const created_by = identity.api_key.id;
    if (!is_external)
      await insertManagedRun(tx, {
        ...{ tenant_id, run_id: id, plan, model, skills, created_by },
        retries_max: asked.max_retries,
      });
    await appendToLedger(tx, tenant_id, [
      {
        id: deps.makeId('event'),
        event: 'RUN_CREATED',
        actor_type: who.asker.actor?.kind ?? (identity.is_human ? 'human' : 'service'),
        actor_id: who.asker.actor?.id ?? created_by,
        object_type: 'run',
        object_id: id,
        api_key_id: created_by,
        agent_id: agent.id,
        project_id: who.project.id,
        run_id: id,
        before: null,
        after: {
          mode: asked.mode,
          status: run.status,
          model,
          skills,
          parent_run_id,
          planned: plan !== null,
        },
        reason: null,
        request_id,
        occurred_at: at,
      },
    ]);
  });
  return id;
}

async function refuseParent(tx: Tx, id: string, project_id: string): Promise<void> {
  const parent = await parentRun(tx, id);
  if (parent?.project_id !== project_id)
    throw new Problem('invalid_body', `parent_run_id: there is no run "${id}" in this project.`);
  if (parent.is_ended) throw new Problem('conflict', `parent_run_id: the run ${id} has ended.`);
}

function newRun(asking: Asking, { identity }: Credential, asked: AskedRun, { id, at }: { id: string; at: string }) {
  const { who, agent, control } = asking;
  return {
    tenant_id: identity.tenant_id,
    id,
    project_id: who.project.id,
    agent_id: agent.id,
    actor_id: who.asker.actor?.id ?? null,
    api_key_id: identity.api_key.id,
    session_id: who.asker.session?.id ?? null,
    mode: asked.mode,
    status: asked.mode === 'external' ? ('running' as const) : ('queued' as const),
    hold: 'none' as const,
    identity: who.identity,
    policy_snapshot_id: control.policies.snapshot_id,
    policy_context: 'SYSTEM_DEFAULT',
    calls: 0,
    refused_calls: 0,
    input_tokens: 0,
    output_tokens: 0,
    estimated_cost_usd: '0',
    tags: asked.tags,
    is_synthetic: isSynthetic(who.asker),
    synthetic_scenario_id: who.asker.synthetic_scenario_id ?? null,
    created_at: at,
    last_activity_at: at,
  };
}
