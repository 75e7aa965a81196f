import type { access_endpoints } from '@aos/core/api/access.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { type ActorRow, findActor, insertActor, listActors } from '../store/actors.ts';
import { type AgentRow, findAgent, insertAgent, listAgents, updateAgent } from '../store/agents.ts';
import { cursorOf } from '../store/list.ts';
import { findProject, insertProject, listProjects, type ProjectRow, updateProject } from '../store/projects.ts';
import { withBindingsOfAgents, withPoliciesOfProjects } from './bindings.ts';
import { found, inControl, inTenant, nowText, record, shown, shownPage, unlessTaken } from './change.ts';
import { projectNamed } from './project-named.ts';
import { inReach, refuseOtherProject, refuseProjectKey } from './project-reach.ts';
import { visibleProject } from './read.ts';
import { noted } from './second-person.ts';
import { refuseAlone, ruleTurned } from './two-person-rule.ts';

type Names =
  | 'createProject'
  | 'listProjects'
  | 'getProject'
  | 'changeProject'
  | 'createAgent'
  | 'updateAgent'
  | 'listAgents'
  | 'getAgent'
  | 'createActor'
  | 'listActors'
  | 'getActor';

/** Projects, and who acts in them: agents and the actors behind them. */
export const project_handlers: Handlers<Pick<typeof access_endpoints, Names>> = {
  createProject: ({ body }, context) =>
    inControl(context, async (tx) => {
      refuseProjectKey(context, 'Making a project');
      const row: ProjectRow = {
        id: context.deps.makeId('project'),
        slug: body.slug,
        name: body.name ?? body.slug,
        owner: body.owner ?? null,
        content_mode: body.content_mode ?? 'none',
        auto_register: body.auto_register ?? true,
        default_output_bound: body.default_output_bound ?? 4096,
        two_person_rule: body.two_person_rule ?? false,
        two_person_rule_end: null,
        synthetic_scenario_id: body.synthetic_scenario_id ?? null,
        retired_at: null,
        created_at: nowText(context),
      };
      if (row.two_person_rule) await refuseAlone(tx, context);
      const after = unlessTaken(await insertProject(tx, context.identity.tenant_id, row), 'project', body.slug);
      const change = { event: 'PROJECT_CREATED', object_type: 'project', object_id: after.id, before: null, after };
      await record(tx, context, { ...change, project_id: after.id });
      return shown(context, after);
    }),

  listProjects: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const page = { limit: query.limit, cursor: cursorOf('project', query.cursor) };
      const slice = await listProjects(tx, { id: visibleProject(context) ?? undefined }, page);
      const rows = await withPoliciesOfProjects(tx, context, slice.rows as unknown as ProjectRow[]);
      return shownPage<(typeof rows)[number]>(context, { ...slice, rows });
    }),

  getProject: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const [project] = await withPoliciesOfProjects(tx, context, [visible(context, await findProject(tx, params.id))]);
      return shown(context, present(project, 'the project with its policies'));
    }),

  changeProject: ({ params, body }, context) =>
    noted(context, body.reason, () =>
      inControl(context, async (tx) => {
        const before = visible(context, await findProject(tx, params.id));
        const { two_person_rule, reason = null, ...settings } = body;
        const rule =
          two_person_rule === undefined ? {} : await ruleTurned(tx, context, before, two_person_rule, reason);
        const after = await updateProject(tx, { ...before, ...given(settings), ...rule });
        const change = { event: 'PROJECT_CHANGED', object_type: 'project', object_id: after.id, before, after };
        await record(tx, context, { ...change, project_id: after.id, reason });
        return shown(context, after);
      }),
    ),

  updateAgent: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const before = found(inReach(context, await findAgent(tx, params.id)), 'agent', '/api/v1/agents');
      const after = found(await updateAgent(tx, before.id, given(body)), 'agent', '/api/v1/agents');
      const change = { event: 'AGENT_CHANGED', object_type: 'agent', object_id: after.id, before, after };
      await record(tx, context, { ...change, project_id: after.project_id });
      return shown(context, after);
    }),

  createAgent: ({ body }, context) =>
    inControl(context, async (tx) => {
      const project = await projectNamed(tx, body.project_id ?? context.identity.project_id, 'project_id');
      if (!project) {
        throw new Problem(
          'invalid_body',
          'The body cannot be read: project_id is missing, and this key belongs to no project. Name one.',
        );
      }
      refuseOtherProject(context, project.id);
      const row: AgentRow = {
        id: context.deps.makeId('agent'),
        project_id: project.id,
        slug: body.slug,
        name: body.name ?? body.slug,
        owner: body.owner ?? null,
        auto_registered: false,
        skills: body.skills ?? null,
        models: body.models ?? null,
        default_model: body.default_model ?? null,
        created_at: nowText(context),
      };
      const after = unlessTaken(await insertAgent(tx, context.identity.tenant_id, row), 'agent', body.slug);
      const change = { event: 'AGENT_CREATED', object_type: 'agent', object_id: after.id, before: null, after };
      await record(tx, context, { ...change, project_id: project.id });
      return shown(context, after);
    }),

  listAgents: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const project = query.project === undefined ? null : await projectNamed(tx, query.project, 'project');
      const page = { limit: query.limit, cursor: cursorOf('agent', query.cursor) };
      const of = { project_id: project?.id, own: visibleProject(context) ?? undefined, q: query.q };
      const slice = await listAgents(tx, of, page);
      const rows = await withBindingsOfAgents(tx, context, slice.rows as unknown as AgentRow[]);
      return shownPage<(typeof rows)[number]>(context, { ...slice, rows });
    }),

  getAgent: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const row = found(inReach(context, await findAgent(tx, params.id)), 'agent', '/api/v1/agents');
      const [agent] = await withBindingsOfAgents(tx, context, [row]);
      return shown(context, present(agent, 'the agent with what binds it'));
    }),

  createActor: ({ body }, context) =>
    inControl(context, async (tx) => {
      const row: ActorRow = {
        id: context.deps.makeId('actor'),
        slug: body.slug,
        name: body.name ?? body.slug,
        kind: body.kind,
        auto_registered: false,
        created_at: nowText(context),
      };
      const after = unlessTaken(await insertActor(tx, context.identity.tenant_id, row), 'actor', body.slug);
      await record(tx, context, {
        event: 'ACTOR_CREATED',
        object_type: 'actor',
        object_id: after.id,
        before: null,
        after,
      });
      return shown(context, after);
    }),

  listActors: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const page = { limit: query.limit, cursor: cursorOf('actor', query.cursor) };
      return shownPage<ActorRow>(context, await listActors(tx, page));
    }),

  getActor: ({ params }, context) =>
    inTenant(context, async (tx) => shown(context, found(await findActor(tx, params.id), 'actor', '/api/v1/actors'))),
};

/** The project, when the caller sees it: a key of one project sees no other. */
function visible(context: Context, project: ProjectRow | undefined): ProjectRow {
  const own = visibleProject(context);
  return found(own === null || project?.id === own ? project : undefined, 'project', '/api/v1/projects');
}

/** The members that a caller named. */
function given<T extends object>(body: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const named = Object.entries(body).filter(([, value]) => value !== undefined);
  return Object.fromEntries(named) as { [Name in keyof T]?: Exclude<T[Name], undefined> };
}
