import type { synthetic_endpoints } from '@aos/core/api/synthetic.ts';
import { Problem } from '@aos/core/base/error.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { createControls } from '../govern/control.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { findActor } from '../store/actors.ts';
import { adoptAgent, findAgent } from '../store/agents.ts';
import { listApiKeys } from '../store/api-keys.ts';
import { countRuns, findProject, retireProject } from '../store/projects.ts';
import { type Importing, importRuns } from '../synthetic/import.ts';
import { cast, historyOf, liveCalls, people, policies } from '../synthetic/story.ts';
import { api_key_handlers } from './api-keys.ts';
import { found, inControl, inTenant, nowText, record } from './change.ts';
import { policy_handlers } from './policies.ts';
import { policy_file_handlers } from './policy-files.ts';
import { projectNamed } from './project-named.ts';
import { project_handlers } from './projects.ts';

const demo_slug = 'demo';
const live_calls = 24;
const key_life_ms = 3_600_000;

export const synthetic_handlers: Handlers<typeof synthetic_endpoints> = {
  async importSynthetic({ body }, context) {
    const control = await createControls(context.deps).of(context.identity.tenant_id);
    return inTenant(context, async (tx) => {
      const project = await projectNamed(tx, body.project, 'project');
      if (!project?.synthetic_scenario_id)
        throw new Problem(
          'conflict',
          `The project "${body.project}" is real: history is imported into synthetic projects only. Make one: POST /api/v1/projects with synthetic_scenario_id.`,
        );
      const now = nowText(context);
      const late = body.runs.some(({ calls }) =>
        calls.some(({ at, duration_ms }) => epochMs(at) + duration_ms > epochMs(now)),
      );
      if (late)
        throw new Problem(
          'invalid_body',
          'The body cannot be read: a call of the past ends after now. Name instants that have passed.',
        );
      const { id, slug, synthetic_scenario_id } = project;
      const of: Importing = {
        ...{ deps: context.deps, control, tenant_id: context.identity.tenant_id, request_id: context.request_id },
        project: { id, slug, synthetic_scenario_id },
        api_key: context.identity.api_key,
      };
      const imported = await importRuns(tx, of, body.runs);
      const change = {
        event: 'SYNTHETIC_IMPORTED',
        object_type: 'project',
        object_id: id,
        before: null,
        after: imported,
      };
      await record(tx, context, { ...change, project_id: id, reason: body.reason });
      return imported;
    });
  },

  async loadDemo({ body }, context) {
    const before = await inTenant(context, (tx) => findProject(tx, demo_slug));
    if (before)
      throw new Problem(
        'conflict',
        'The project demo is there already. POST /api/v1/demo/remove takes it away; then load it again.',
      );
    const reason = 'demo data';
    // First of all: where a project asks for two people nobody enforces them alone, and then nothing is made.
    const applied = await policy_file_handlers.applyPolicies(
      { params: {}, query: {}, body: { documents: policies, dry_run: false, prune: false, origin: 'demo', reason } },
      context,
    );
    const project = await make(context, 'createProject', {
      slug: demo_slug,
      name: 'Demo',
      synthetic_scenario_id: 'demo',
    });
    const agents: string[] = [];
    for (const { slug, name, model } of cast)
      agents.push(await demoAgent(context, { slug, name, default_model: model }, project.id));
    for (const slug of people) await demoActor(context, slug);
    const expires_at = instantText(context.deps.clock.now() + key_life_ms);
    const api_key = await api_key_handlers.createApiKey(
      {
        params: {},
        query: {},
        body: { name: 'demo', role: 'service', project_id: project.id, agent_ids: [], actor_ids: [], expires_at },
      },
      context,
    );
    const runs = historyOf({ ...body, until_ms: context.deps.clock.now() });
    const history = await synthetic_handlers.importSynthetic(
      { params: {}, query: {}, body: { project: demo_slug, runs, reason } },
      context,
    );
    return {
      project_id: project.id,
      agents,
      actors: people,
      policies: applied.policies.flatMap(({ policy_id, name }) =>
        policy_id === null ? [] : [{ id: policy_id, name }],
      ),
      history,
      live: { api_key, calls: liveCalls(live_calls) },
      url: consoleUrl(context.deps.config.public_url, project.id),
    };
  },

  async removeDemo({ body }, context) {
    const { reason } = body;
    const project = await inTenant(context, (tx) => findProject(tx, demo_slug));
    if (!project?.synthetic_scenario_id)
      throw new Problem('not_found', 'There is no demo to take away. POST /api/v1/demo loads one.');
    const policies_retired = await retirePolicies(context, reason);
    const keys_revoked = await revokeKeys(context, project.id, reason);
    return inControl(context, async (tx) => {
      const before = found(await findProject(tx, project.id), 'project', '/api/v1/projects');
      const after = found(await retireProject(tx, demo_slug, nowText(context)), 'project', '/api/v1/projects');
      const change = { event: 'PROJECT_RETIRED', object_type: 'project', object_id: after.id, before, after };
      await record(tx, context, { ...change, project_id: after.id, reason });
      return { project_id: after.id, runs: await countRuns(tx, after.id), policies_retired, keys_revoked };
    });
  },
};

const make = (
  context: Context,
  _: 'createProject',
  body: { slug: string; name: string; synthetic_scenario_id: string },
) => project_handlers.createProject({ params: {}, query: {}, body }, context);

/** An agent of an earlier demo goes on in this one; a real one of that name stays what it is, and plays along. */
async function demoAgent(
  context: Context,
  body: { slug: string; name: string; default_model: string },
  project_id: string,
): Promise<string> {
  const known = await inTenant(
    context,
    async (tx) => (await adoptAgent(tx, body.slug, project_id)) ?? (await findAgent(tx, body.slug)),
  );
  if (!known) await project_handlers.createAgent({ params: {}, query: {}, body: { ...body, project_id } }, context);
  return body.slug;
}

async function demoActor(context: Context, slug: string): Promise<void> {
  const known = await inTenant(context, (tx: Tx) => findActor(tx, slug));
  if (!known)
    await project_handlers.createActor(
      { params: {}, query: {}, body: { slug, name: nameOf(slug), kind: 'human' } },
      context,
    );
}

/** `amara.okafor` is Amara Okafor. */
const nameOf = (slug: string): string =>
  slug.replace(/(^|\.)([a-z])/g, (_, dot: string, letter: string) => `${dot ? ' ' : ''}${letter.toUpperCase()}`);

async function retirePolicies(context: Context, reason: string): Promise<number> {
  const ours = new Set(policies.map(({ name }) => name));
  const { items } = await policy_handlers.listPolicies(
    { params: {}, query: { limit: 200, q: undefined, status: ['active', 'disabled', 'draft'] } as never, body: {} },
    context,
  );
  const retiring = items.filter((of) => ours.has(of.name) && of.managed_by?.origin === 'demo');
  for (const { id } of retiring)
    await policy_handlers.retirePolicy({ params: { id }, query: {}, body: { reason } }, context);
  return retiring.length;
}

async function revokeKeys(context: Context, project_id: string, reason: string): Promise<number> {
  const { rows } = await inTenant(context, (tx) =>
    listApiKeys(tx, { project_id, at: nowText(context) }, { limit: 200, cursor: null }),
  );
  const live = rows.filter((row) => row.revoked_at === null).map((row) => String(row.id));
  for (const id of live) await api_key_handlers.revokeApiKey({ params: { id }, query: {}, body: { reason } }, context);
  return live.length;
}
