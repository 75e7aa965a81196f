import { z } from 'zod';
import { actor, new_actor } from '../access/actor.ts';
import { agent, agent_change, new_agent } from '../access/agent.ts';
import {
  api_key,
  key_binding,
  key_revocation,
  key_rotation,
  key_states,
  made_api_key,
  new_api_key,
} from '../access/api-key.ts';
import { password_sign_in } from '../access/member.ts';
import { permissions, role, roles } from '../access/permission.ts';
import { new_project, project, project_change } from '../access/project.ts';
import { new_provider, provider, provider_change, provider_models, provider_use } from '../access/provider.ts';
import { display_name, reference, slug } from '../access/slug.ts';
import { tenant } from '../access/tenant.ts';
import { free_text, names, words } from '../activity/filter.ts';
import { new_price, price_entry } from '../activity/price-entry.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { policy_mode } from '../policies/policy.ts';
import { target_kinds } from '../policies/target.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const one = z.strictObject({ id: reference });

const policies = z
  .object({
    total: z.int(),
    first: z.array(
      z.object({
        id: idOf('policy'),
        name: z.string(),
        mode: policy_mode,
        by: z.enum(target_kinds).meta({ description: 'The kind of its target' }),
      }),
    ),
  })
  .meta({
    description:
      'Policies in force that its calls can meet, the narrowest target first, whatever else they ask of a call. Calls of a key that is not bound also meet those of the agent and the actor that they name',
  });

const listed_project = project.extend({ policies });
const listed_agent = agent.extend({
  policies,
  keys: z
    .object({ total: z.int(), first: z.array(z.object({ id: idOf('api_key'), name: z.string() })) })
    .meta({ description: 'Keys in use that are bound to it, newest first' }),
});
const listed_api_key = api_key.extend({ policies });
const new_tenant = z.strictObject({ slug, name: display_name.optional() });

/** A tenant as it is made, with the one owner key that opens it: shown this once. */
const made_tenant = tenant.extend({ api_key: made_api_key });

const named = z.object({ id: z.string(), slug: z.string(), name: z.string() });
const signed_out = z.object({
  signed_in: z.literal(false),
  has_oidc: z.literal(true).optional().meta({ description: 'Members may sign in with an identity provider' }),
});
const signed_in = z.object({
  signed_in: z.literal(true),
  tenant: named,
  project: named.nullable(),
  api_key: z.object({ id: z.string(), name: z.string(), hint: z.string() }),
  role,
  permissions: z.array(z.enum(permissions)),
});
const came_back = z.strictObject({
  code: z.string().min(1).max(4_000),
  state: z.string().min(1).max(300),
  iss: z.string().max(2_000).optional(),
});
const session = z.discriminatedUnion('signed_in', [signed_out, signed_in]);

const tenants = {
  createTenant: endpoint({
    method: 'POST',
    path: '/api/v1/tenants',
    summary: 'Make a tenant with a first project and a first owner key',
    permission: 'installation',
    body: new_tenant,
    answer: made_tenant,
    status: 201,
  }),
  listTenants: endpoint({
    method: 'GET',
    path: '/api/v1/tenants',
    summary: 'The tenants of this installation',
    permission: 'installation',
    query: page_query,
    answer: pageOf(tenant),
  }),
};

const projects = {
  createProject: endpoint({
    method: 'POST',
    path: '/api/v1/projects',
    summary: 'Make a project',
    permission: 'administer',
    body: new_project,
    answer: project,
    status: 201,
  }),
  listProjects: endpoint({
    method: 'GET',
    path: '/api/v1/projects',
    summary: 'The projects of the tenant',
    permission: 'read',
    query: page_query,
    answer: pageOf(listed_project),
  }),
  getProject: endpoint({
    method: 'GET',
    path: '/api/v1/projects/:id',
    summary: 'One project',
    permission: 'read',
    params: one,
    answer: listed_project,
  }),
  changeProject: endpoint({
    method: 'PUT',
    path: '/api/v1/projects/:id',
    summary: 'Change the settings of a project',
    permission: 'administer',
    params: one,
    body: project_change,
    answer: project,
  }),
};

const agents = {
  createAgent: endpoint({
    method: 'POST',
    path: '/api/v1/agents',
    summary: 'Register an agent',
    permission: 'administer',
    body: new_agent,
    answer: agent,
    status: 201,
  }),
  listAgents: endpoint({
    method: 'GET',
    path: '/api/v1/agents',
    summary: 'The agents of the tenant',
    permission: 'read',
    query: page_query.extend({
      project: reference.optional(),
      q: free_text.optional().meta({ description: 'Text in the id or a name' }),
    }),
    answer: pageOf(listed_agent),
  }),
  updateAgent: endpoint({
    method: 'PUT',
    path: '/api/v1/agents/:id',
    summary: 'Change what the runs of an agent may do, and which model it uses',
    permission: 'administer',
    params: one,
    body: agent_change,
    answer: agent,
  }),
  getAgent: endpoint({
    method: 'GET',
    path: '/api/v1/agents/:id',
    summary: 'One agent',
    permission: 'read',
    params: one,
    answer: listed_agent,
  }),
};

const actors = {
  createActor: endpoint({
    method: 'POST',
    path: '/api/v1/actors',
    summary: 'Register an actor',
    permission: 'administer',
    body: new_actor,
    answer: actor,
    status: 201,
  }),
  listActors: endpoint({
    method: 'GET',
    path: '/api/v1/actors',
    summary: 'The actors of the tenant',
    permission: 'read',
    query: page_query,
    answer: pageOf(actor),
  }),
  getActor: endpoint({
    method: 'GET',
    path: '/api/v1/actors/:id',
    summary: 'One actor',
    permission: 'read',
    params: one,
    answer: actor,
  }),
};

const api_keys = {
  createApiKey: endpoint({
    method: 'POST',
    path: '/api/v1/api-keys',
    summary: 'Make a key; the answer is the only place that shows it',
    permission: 'administer',
    body: new_api_key,
    answer: made_api_key,
    status: 201,
  }),
  listApiKeys: endpoint({
    method: 'GET',
    path: '/api/v1/api-keys',
    summary: 'The keys of the tenant, without their secrets',
    permission: 'read',
    query: page_query.extend({
      project: reference.optional(),
      q: free_text.optional().meta({ description: 'Text in the id, the name or the hint' }),
      state: words(key_states),
      role: words(roles),
      unbound: z.literal('true').optional().meta({ description: 'Those that may call as any agent' }),
    }),
    answer: pageOf(listed_api_key),
  }),
  getApiKey: endpoint({
    method: 'GET',
    path: '/api/v1/api-keys/:id',
    summary: 'One key, without its secret',
    permission: 'read',
    params: one,
    answer: listed_api_key,
  }),
  rotateApiKey: endpoint({
    method: 'POST',
    path: '/api/v1/api-keys/:id/rotate',
    summary: 'Replace the secret; policies and counters stay',
    permission: 'administer',
    params: one,
    body: key_rotation,
    answer: made_api_key,
  }),
  revokeApiKey: endpoint({
    method: 'POST',
    path: '/api/v1/api-keys/:id/revoke',
    summary: 'End a key at once and for good',
    permission: 'administer',
    params: one,
    body: key_revocation,
    answer: api_key,
  }),
  bindApiKey: endpoint({
    method: 'POST',
    path: '/api/v1/api-keys/:id/bind',
    summary: 'Say which agents and actors a key may call as',
    permission: 'administer',
    params: one,
    body: key_binding,
    answer: api_key,
  }),
};

const providers = {
  createProvider: endpoint({
    method: 'POST',
    path: '/api/v1/providers',
    summary: 'Add a provider of models',
    permission: 'administer',
    body: new_provider,
    answer: provider,
    status: 201,
  }),
  listProviders: endpoint({
    method: 'GET',
    path: '/api/v1/providers',
    summary: 'The providers of the tenant, without their secrets',
    permission: 'read',
    query: page_query,
    answer: pageOf(provider),
  }),
  getProvider: endpoint({
    method: 'GET',
    path: '/api/v1/providers/:id',
    summary: 'One provider, without its secret',
    permission: 'read',
    params: one,
    answer: provider,
  }),
  changeProvider: endpoint({
    method: 'PUT',
    path: '/api/v1/providers/:id',
    summary: 'Change a provider; a new address needs the secret again',
    permission: 'administer',
    params: one,
    body: provider_change,
    answer: provider,
  }),
  disableProvider: endpoint({
    method: 'DELETE',
    path: '/api/v1/providers/:id',
    summary: 'Take a provider out of service; it can be enabled again',
    permission: 'administer',
    params: one,
    answer: provider,
  }),
  useProvider: endpoint({
    method: 'POST',
    path: '/api/v1/providers/:id/use',
    summary: 'Send calls for the model `default`, and runs without a model, to this provider',
    permission: 'administer',
    params: one,
    body: provider_use,
    answer: provider,
  }),
  listProviderModels: endpoint({
    method: 'GET',
    path: '/api/v1/providers/:id/models',
    summary: 'Ask a provider, with the kept key, which models it has; nothing is charged',
    permission: 'administer',
    params: one,
    answer: provider_models,
  }),
};

const prices = {
  createPrice: endpoint({
    method: 'POST',
    path: '/api/v1/prices',
    summary: 'Say what a model costs; it wins over the packaged book',
    permission: 'administer',
    body: new_price,
    answer: price_entry,
    status: 201,
  }),
  listPrices: endpoint({
    method: 'GET',
    path: '/api/v1/prices',
    summary: 'Prices of the tenant, newest first, then those of the packaged book',
    permission: 'read',
    query: page_query.extend({ provider: names, model: names }),
    answer: pageOf(price_entry),
  }),
};

/** Who is asking: tenants, projects, agents, actors, keys; and the providers and prices they use. */
export const access_endpoints = {
  ...tenants,
  ...projects,
  ...agents,
  ...actors,
  ...api_keys,
  ...providers,
  ...prices,
  getSession: endpoint({
    method: 'GET',
    path: '/api/v1/session',
    summary: 'Who the key belongs to; answers without one too',
    permission: 'public',
    answer: session,
  }),
  signIn: endpoint({
    method: 'POST',
    path: '/api/v1/session',
    summary:
      'Sign a browser in, with a key or as a person; the session is a cookie, and ends with its key at the latest',
    permission: 'public',
    body: z.union([z.strictObject({ key: z.string().min(1).max(300) }), password_sign_in]),
    answer: session,
  }),
  beginOidc: endpoint({
    method: 'POST',
    path: '/api/v1/session/oidc',
    summary: 'Begin to sign a member in with the configured identity provider: where their browser goes',
    permission: 'public',
    answer: z.object({ url: z.url() }),
  }),
  finishOidc: endpoint({
    method: 'POST',
    path: '/api/v1/session/oidc/finish',
    summary: 'Sign in the member whom the identity provider has sent back, with what it added to the address',
    permission: 'public',
    body: came_back,
    answer: session,
  }),
  signOut: endpoint({
    method: 'DELETE',
    path: '/api/v1/session',
    summary: 'Sign this browser out',
    permission: 'public',
    answer: session,
  }),
} satisfies Endpoints;
