import { mayDo } from '@aos/core/access/permission.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import { type Binding, bindingsAmong, type Possible } from '@aos/core/policies/binding.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import type { AgentRow } from '../store/agents.ts';
import { type ApiKeyRow, keysBoundTo } from '../store/api-keys.ts';
import { policiesInForce, slugsOf } from '../store/bindings-read.ts';
import type { ProjectRow } from '../store/projects.ts';

/** Of a policy that binds many there is one line per subject: more than these are only counted. */
const most_named = 5;

interface Bound {
  total: number;
  first: Binding[];
}

const boundBy = (all: Binding[]): Bound => ({ total: all.length, first: all.slice(0, most_named) });

interface BoundKeys {
  total: number;
  first: { id: string; name: string }[];
}

type WithPolicies<Row> = Row & { policies: Bound };

/** Keys with the policies in force that their calls can meet; none for those that cannot call, or no longer. */
export async function withPoliciesOfKeys<Row extends ApiKeyRow>(
  tx: Tx,
  { deps }: Context,
  keys: readonly Row[],
): Promise<WithPolicies<Row>[]> {
  const now_ms = deps.clock.now();
  const slugs = await slugsOf(tx, {
    projects: keys.flatMap(({ project_id }) => project_id ?? []),
    agents: keys.flatMap(({ agent_ids }) => agent_ids),
    actors: keys.flatMap(({ actor_ids }) => actor_ids),
  });
  const named = (ids: readonly string[]) => ids.map((id) => [id, slugs.get(id) ?? id]);
  const binding = bindingsAmong(await policiesInForce(tx), now_ms);
  return keys.map((key) => {
    const { role, project_id, agent_ids, actor_ids, revoked_at, expires_at } = key;
    const is_over = revoked_at !== null || (expires_at !== null && epochMs(expires_at) <= now_ms);
    const possible: Possible = {
      api_key: [[key.lineage_id]],
      ...(project_id !== null && { project: named([project_id]) }),
      agent: named(agent_ids),
      actor: named(actor_ids),
    };
    return { ...key, policies: boundBy(is_over || !mayDo(role, 'call') ? [] : binding(possible)) };
  });
}

/** Agents with the keys that are bound to them, and the policies in force that their calls meet with whichever key. */
export async function withBindingsOfAgents<Row extends AgentRow>(
  tx: Tx,
  { deps }: Context,
  agents: readonly Row[],
): Promise<(WithPolicies<Row> & { keys: BoundKeys })[]> {
  const keys = new Map<string, BoundKeys['first']>();
  const ids = agents.map(({ id }) => id);
  for (const { agent_id, ...key } of await keysBoundTo(tx, ids, instantText(deps.clock.now())))
    keys.set(agent_id, [...(keys.get(agent_id) ?? []), key]);
  const slugs = await slugsOf(tx, { projects: agents.map(({ project_id }) => project_id), agents: [], actors: [] });
  const binding = bindingsAmong(await policiesInForce(tx), deps.clock.now());
  return agents.map((agent) => {
    const { id, slug, project_id } = agent;
    const possible: Possible = { agent: [[id, slug]], project: [[project_id, slugs.get(project_id) ?? project_id]] };
    const own = keys.get(id) ?? [];
    return {
      ...agent,
      policies: boundBy(binding(possible)),
      keys: { total: own.length, first: own.slice(0, most_named) },
    };
  });
}

/** Projects with the policies in force that all of their calls meet, whoever makes them. */
export async function withPoliciesOfProjects<Row extends ProjectRow>(
  tx: Tx,
  { deps }: Context,
  projects: readonly Row[],
): Promise<WithPolicies<Row>[]> {
  const binding = bindingsAmong(await policiesInForce(tx), deps.clock.now());
  return projects.map((project) => {
    const is_over = project.retired_at !== null;
    return { ...project, policies: boundBy(is_over ? [] : binding({ project: [[project.id, project.slug]] })) };
  });
}
