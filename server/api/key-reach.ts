import type { Identity } from '@aos/core/access/identity.ts';
import { mayGrant, type Role } from '@aos/core/access/permission.ts';
import { slug } from '@aos/core/access/slug.ts';
import { Problem } from '@aos/core/base/error.ts';
import { idOf } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { nameActor, nameAgent } from '../store/subjects.ts';
import { nowText } from './change.ts';

/** What a key may do: what decides whether another key may make, rotate, bind or revoke it. */
export interface Reach {
  role: Role;
  project_id: string | null;
  agent_ids: readonly string[];
  actor_ids: readonly string[];
}

/**
 * A key acts only on keys that may do no more than itself: no higher role, no other project, no agent or actor it is
 * not bound to. Owners own the whole tenant, whatever project their own calls belong to.
 */
export function refuseBeyond(identity: Identity, key: Reach): void {
  if (!mayGrant(identity.role, key.role)) {
    throw new Problem(
      'forbidden',
      `A key with the role "${identity.role}" has no say over one with the role "${key.role}", which may do more.`,
    );
  }
  const is_everywhere = identity.project_id === null || identity.role === 'owner';
  if (!is_everywhere && identity.project_id !== key.project_id) {
    const where = key.project_id === null ? 'of the whole tenant' : 'of another project';
    throw new Problem(
      'forbidden',
      `This key belongs to one project and has no say over a key ${where}. Use a key of the whole tenant, or of an owner.`,
    );
  }
  const wider = (['agent_ids', 'actor_ids'] as const).find((kind) => isWider(identity[kind], key[kind]));
  if (wider) {
    throw new Problem(
      'forbidden',
      `This key is bound, and ${wider} of the other key would go beyond it. Name only those it is bound to.`,
    );
  }
}

/** Empty means any. */
const isWider = (own: readonly string[], others: readonly string[]): boolean =>
  own.length > 0 && (others.length === 0 || others.some((id) => !own.includes(id)));

/** The ids of agents named by id or slug; a slug not seen yet is registered in the key's project. */
export async function agentIds(
  tx: Tx,
  context: Context,
  names: readonly string[],
  project_id: string | null,
): Promise<string[]> {
  const { tenant_id } = context.identity;
  const at = nowText(context);
  return idsOf(names, 'agent', project_id !== null, (name, may_register) => {
    const new_id = may_register ? context.deps.makeId('agent') : null;
    return nameAgent(tx, { tenant_id, project_id: project_id ?? '', name, new_id, at });
  });
}

/** The ids of actors named by id or slug; a slug not seen yet is registered as a human. */
export async function actorIds(tx: Tx, context: Context, names: readonly string[]): Promise<string[]> {
  const { tenant_id } = context.identity;
  const at = nowText(context);
  return idsOf(names, 'actor', true, (name, may_register) =>
    nameActor(tx, { tenant_id, name, new_id: may_register ? context.deps.makeId('actor') : null, at }),
  );
}

async function idsOf(
  names: readonly string[],
  kind: 'agent' | 'actor',
  may_register: boolean,
  find: (name: string, may_register: boolean) => Promise<{ id: string } | null>,
): Promise<string[]> {
  const ids = new Set<string>();
  for (const name of names) {
    const subject = await find(
      name,
      may_register && slug.safeParse(name).success && !idOf(kind).safeParse(name).success,
    );
    if (!subject) throw unknown(name, kind);
    ids.add(subject.id);
  }
  return [...ids];
}

const unknown = (name: string, kind: 'agent' | 'actor'): Problem =>
  new Problem(
    'invalid_body',
    `The body cannot be read: ${kind}_ids names "${name.slice(0, 100)}", which is no ${kind} of this tenant. POST /api/v1/${kind}s makes one.`,
  );
