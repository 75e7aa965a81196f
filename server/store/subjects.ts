import type { Tx } from '../base/database.ts';
import { type ActorRow, findActor, insertActor } from './actors.ts';
import { type AgentRow, findAgent, insertAgent } from './agents.ts';

/** An agent or actor as callers name it. `new_id` null: it is not registered at first sight. */
interface Naming {
  tenant_id: string;
  name: string;
  new_id: string | null;
  at: string;
}

/** What is registered at first sight carries the name it was called by. */
const asNamed = ({ name, at }: Naming) => ({
  slug: name,
  name,
  auto_registered: true,
  ...{ skills: null, models: null, default_model: null },
  created_at: at,
});

/** The agent known by an id or a slug; registered at first sight where that is allowed. */
export async function nameAgent(tx: Tx, of: Naming & { project_id: string }): Promise<AgentRow | null> {
  const found = await findAgent(tx, of.name);
  if (found || of.new_id === null) return found ?? null;
  const made = await insertAgent(tx, of.tenant_id, {
    ...{ id: of.new_id, project_id: of.project_id, owner: null },
    ...asNamed(of),
  });
  return made ?? (await findAgent(tx, of.name)) ?? null;
}

/** The actor known by an id or a slug; registered as a human at first sight where that is allowed. */
export async function nameActor(tx: Tx, of: Naming): Promise<ActorRow | null> {
  const found = await findActor(tx, of.name);
  if (found || of.new_id === null) return found ?? null;
  const made = await insertActor(tx, of.tenant_id, { id: of.new_id, kind: 'human', ...asNamed(of) });
  return made ?? (await findActor(tx, of.name)) ?? null;
}
