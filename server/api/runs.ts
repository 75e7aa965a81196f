import { mayDo, permissions } from '@aos/core/access/permission.ts';
import { run_object } from '@aos/core/activity/run-object.ts';
import type { AskedRun, Capabilities, run_endpoints } from '@aos/core/api/runs.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Tx } from '../base/database.ts';
import { createControls } from '../govern/control.ts';
import { decideSupposed, servedOn } from '../govern/explain.ts';
import { killRun } from '../govern/kill.ts';
import { default_name, servedModels } from '../govern/models.ts';
import { closeGateIfAsked, withdrawQuestions } from '../govern/questions.ts';
import { dryRegistry } from '../govern/registry.ts';
import { projectOf } from '../govern/who.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { actingFor, default_skills, namesModel, openRun } from '../runs/open-run.ts';
import { headroomOf, simulateRun } from '../runs/simulate.ts';
import { paramsSchema } from '../skills/define.ts';
import { skills } from '../skills/index.ts';
import { managedFacts } from '../store/managed-runs.ts';
import { finishExternal } from '../store/runs.ts';
import { completeTraces } from '../store/traces.ts';
import { type Change, inTenant, record } from './change.ts';
import { refuseReported, urlOf, visibleRun } from './read.ts';

export const run_handlers: Handlers<typeof run_endpoints> = {
  async createRun({ body }, context) {
    const id = await openRun(context.deps, context, body);
    return inTenant(context, (tx) => shownRun(tx, context, id));
  },

  finishRun: ({ params, body }, context) =>
    inTenant(context, async (tx) => {
      const run = await seenRun(tx, context, params.id);
      const { mode } = run;
      if (mode !== 'external')
        throw new Problem('conflict', `The run ${params.id} is ${mode}: only external agents say how their runs end.`);
      const { tenant_id } = context.identity;
      await closeGateIfAsked(tx, tenant_id, [params.id]);
      const ended = await finishExternal(tx, params.id, body.outcome);
      if (!ended) throw new Problem('conflict', `The run ${params.id} has ended already.`);
      await withdrawQuestions(context.deps, tx, tenant_id, [params.id]);
      await completeTraces(tx, [params.id]);
      const change = { before: { status: ended.status_before }, after: { outcome: body.outcome } };
      await keep(tx, context, run, { event: 'RUN_ENDED', ...change, reason: body.reason ?? null });
      return shownRun(tx, context, params.id);
    }),

  cancelRun: ({ params, body }, context) =>
    inTenant(context, async (tx) => {
      refuseReported(await seenRun(tx, context, params.id));
      const stopped = await killRun(context.deps, tx, {
        tenant_id: context.identity.tenant_id,
        run_id: params.id,
        reason: body.reason,
        status: 'cancelled',
        termination_reason: 'USER_ABORT',
        event: 'RUN_CANCELLED',
        ordered_by: context.identity,
        policy_id: null,
        request_id: context.request_id,
      });
      if (!stopped)
        throw new Problem('conflict', `The run ${params.id} has ended already: there is nothing to cancel.`);
      return shownRun(tx, context, params.id);
    }),

  async retryRun({ params, body }, context) {
    const { run, facts } = await inTenant(context, async (tx) => ({
      run: await seenRun(tx, context, params.id),
      facts: await managedFacts(tx, params.id),
    }));
    if (!facts) throw new Problem('conflict', `The run ${params.id} is ${run.mode}: only managed runs can be retried.`);
    if (run.ended_at === null)
      throw new Problem('conflict', `The run ${params.id} is ${run.status}: it can be retried when it has ended.`);
    const asked: AskedRun = {
      goal: present(run.goal, 'the goal of a managed run'),
      agent_id: run.agent_id ?? undefined,
      actor_id: run.actor_id ?? undefined,
      mode: 'managed',
      max_retries: facts.retries_max,
      model: facts.model,
      session_id: run.session_external_id ?? undefined,
      plan: facts.plan_source === 'given' ? (facts.plan ?? undefined) : undefined,
      tags: run.tags,
    };
    // In the project of the run: an owner's key sees the runs of every project.
    const identity = { ...context.identity, project_id: run.project_id };
    const id = await openRun(context.deps, { ...context, identity }, asked, params.id);
    return inTenant(context, async (tx) => {
      const change = { before: null, after: { new_run_id: id }, reason: body.reason };
      await keep(tx, context, run, { event: 'RUN_RETRIED', ...change });
      return shownRun(tx, context, id);
    });
  },

  simulate: ({ body }, context) => simulateRun(context.deps, context, body),

  getCapabilities: ({ query }, context) => capabilitiesOf(context, query.agent_id),
};

export async function seenRun(tx: Tx, context: Context, id: string) {
  return run_object.parse({ ...(await visibleRun(tx, context, id)), url: urlOf(context, id) });
}

const shownRun = seenRun;

const keep = (
  tx: Tx,
  context: Context,
  { id, project_id, agent_id }: { id: string; project_id: string; agent_id: string | null },
  change: Pick<Change, 'event' | 'before' | 'after' | 'reason'>,
) => record(tx, context, { ...change, object_type: 'run', object_id: id, run_id: id, project_id, agent_id });

/** Room is looked up with a small call of the model that the agent would ask, or of one that it could. */
async function capabilitiesOf(context: Context, agent_id: string | undefined): Promise<Capabilities> {
  const { deps, identity } = context;
  const named = agent_id !== undefined || identity.agent_ids.length === 1;
  const of = { new_run_id: deps.makeId('run'), registry: dryRegistry(deps) };
  const acting = named ? await actingFor(deps, context, { agent_id, tags: {} }, of) : null;
  const agent = acting?.agent;
  const control = acting?.control ?? (await createControls(deps).of(identity.tenant_id));
  const names = agent?.skills ?? default_skills;
  const models = servedModels(control, null)
    .map(({ id }) => id)
    .filter((id) => namesModel(agent?.models ?? null, id));
  const model = [agent?.default_model ?? default_name, ...models].find((name) => servedOn(control, name) !== null);
  const project = acting?.who.project ?? projectOf(control, { identity, claims: { project: null } });
  return {
    role: identity.role,
    permissions: permissions.filter((permission) => permission !== 'installation' && mayDo(identity.role, permission)),
    project: { id: project.id, slug: project.slug },
    agents: [...identity.agent_ids],
    skills: [...skills.values()]
      .filter(({ name }) => names.includes(name))
      .map((skill) => {
        const { name, title, effects, cost, failures } = skill;
        return { name, title, effects, cost, failures, params: paramsSchema(skill) };
      }),
    models,
    sources: [],
    limits: model === undefined ? [] : headroomOf([await smallCall(context, agent?.slug ?? null, model)]),
  };
}

const smallCall = ({ deps, identity, request_id }: Context, agent: string | null, model: string) =>
  decideSupposed(deps, {
    identity,
    claims: { agent, actor: null, session: null, run_id: null, project: null, tags: {}, dry_run: true },
    ...{ model, tools: [], messages: null, input_tokens: 1, max_output_tokens: 1, choices: 1, request_id },
  });
