import { hintOf, makeKeyText } from '@aos/core/access/key-text.ts';
import { mayDo } from '@aos/core/access/permission.ts';
import type { access_endpoints } from '@aos/core/api/access.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { randomSecret, sha256Hex } from '../base/deps.ts';
import type { Context, Handlers } from '../http/handler.ts';
import {
  type ApiKeyRow,
  bindApiKey,
  expireApiKey,
  findApiKey,
  insertApiKey,
  isOfPerson,
  listApiKeys,
  otherOwnerKeys,
  revokeApiKey,
  successorOf,
} from '../store/api-keys.ts';
import { cursorOf } from '../store/list.ts';
import { withPoliciesOfKeys } from './bindings.ts';
import { found, inControl, inTenant, nowText, record, shown, shownPage } from './change.ts';
import { actorIds, agentIds, refuseBeyond } from './key-reach.ts';
import { projectNamed } from './project-named.ts';
import { inReach } from './project-reach.ts';
import { visibleProject } from './read.ts';

type Names = 'createApiKey' | 'listApiKeys' | 'getApiKey' | 'rotateApiKey' | 'revokeApiKey' | 'bindApiKey';

export const api_key_handlers: Handlers<Pick<typeof access_endpoints, Names>> = {
  createApiKey: ({ body }, context) =>
    inControl(context, async (tx) => {
      const { project_id: asked = context.identity.project_id } = body;
      const project_id = (await projectNamed(tx, asked, 'project_id'))?.id ?? null;
      if (body.expires_at !== undefined && epochMs(body.expires_at) <= context.deps.clock.now()) {
        throw new Problem(
          'invalid_body',
          'The body cannot be read: expires_at has passed. Name an instant to come, or leave it out.',
        );
      }
      const agent_ids = await agentIds(tx, context, body.agent_ids, project_id);
      const actor_ids = await actorIds(tx, context, body.actor_ids);
      refuseBeyond(context.identity, { role: body.role, project_id, agent_ids, actor_ids });
      const { name, role, expires_at = null } = body;
      await refuseLonger(tx, context, expires_at);
      const made = await makeApiKey(tx, context, { name, role, project_id, agent_ids, actor_ids, expires_at });
      await keep(tx, context, 'KEY_CREATED', null, made.row);
      return { ...shown(context, made.row), secret: made.secret };
    }),

  listApiKeys: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const project = query.project === undefined ? null : await projectNamed(tx, query.project, 'project');
      const page = { limit: query.limit, cursor: cursorOf('api_key', query.cursor) };
      const { q, role, state, unbound } = query;
      const of = {
        ...{ project_id: project?.id, own: visibleProject(context) ?? undefined },
        ...{ q, role, state, at: nowText(context), unbound: unbound === undefined ? undefined : (true as const) },
      };
      const slice = await listApiKeys(tx, of, page);
      const keys = (slice.rows as unknown as ApiKeyRow[]).map((row) => visibleUse(context, row));
      const rows = await withPoliciesOfKeys(tx, context, keys);
      return shownPage<(typeof rows)[number]>(context, { ...slice, rows });
    }),

  getApiKey: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const row = found(inReach(context, await findApiKey(tx, params.id)), 'key', '/api/v1/api-keys');
      const [key] = await withPoliciesOfKeys(tx, context, [visibleUse(context, row)]);
      return shown(context, present(key, 'the key with its policies'));
    }),

  rotateApiKey: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const before = await existing(tx, params.id);
      refuseBeyond(context.identity, before);
      refuseEnded(before, context.deps.clock.now());
      await refuseRotated(tx, before.id);
      await refuseLonger(tx, context, before.expires_at);
      const made = await makeApiKey(tx, context, before, before);
      const ends_at = instantText(context.deps.clock.now() + body.overlap_seconds * 1000);
      const old = await expireApiKey(tx, before.id, ends_at);
      const after = { ...kept(made.row), old_key_expires_at: old.expires_at };
      await record(tx, context, {
        event: 'KEY_ROTATED',
        object_type: 'api_key',
        object_id: before.id,
        before: kept(before),
        after,
        reason: body.reason,
      });
      return { ...shown(context, made.row), secret: made.secret };
    }),

  revokeApiKey: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const before = await existing(tx, params.id);
      refuseBeyond(context.identity, before);
      if (before.revoked_at !== null) return shown(context, before);
      if (before.role === 'owner' && (await otherOwnerKeys(tx, before.id, nowText(context))) === 0) {
        throw new Problem(
          'conflict',
          'This is the last owner key of the tenant: without it nobody could administer it. Make another one first.',
        );
      }
      const after = await revokeApiKey(tx, before.id, nowText(context));
      await keep(tx, context, 'KEY_REVOKED', before, after, body.reason);
      return shown(context, after);
    }),

  bindApiKey: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const before = await existing(tx, params.id);
      refuseBeyond(context.identity, before);
      const { agent_ids: agents, actor_ids: actors } = body;
      const agent_ids = agents ? await agentIds(tx, context, agents, before.project_id) : before.agent_ids;
      const actor_ids = actors ? await actorIds(tx, context, actors) : before.actor_ids;
      refuseBeyond(context.identity, { ...before, agent_ids, actor_ids });
      const after = await bindApiKey(tx, before.id, { agent_ids, actor_ids });
      await keep(tx, context, 'KEY_BOUND', before, after, body.reason);
      return shown(context, after);
    }),
};

/** A key that is changed by its own routes: that of a person is changed with the person. */
async function existing(tx: Tx, id: string): Promise<ApiKeyRow> {
  const key = found(await findApiKey(tx, id), 'key', '/api/v1/api-keys');
  if (await isOfPerson(tx, id))
    throw new Problem('conflict', 'This key stands for a person. Change the person: GET /api/v1/members.');
  return key;
}

type KeyEvent = 'KEY_CREATED' | 'KEY_REVOKED' | 'KEY_BOUND';

const keep = (
  tx: Tx,
  context: Context,
  event: KeyEvent,
  before: ApiKeyRow | null,
  after: ApiKeyRow,
  reason: string | null = null,
) =>
  record(tx, context, {
    event,
    object_type: 'api_key',
    object_id: after.id,
    before: before && kept(before),
    after: kept(after),
    reason,
    project_id: after.project_id,
  });

/** The ledger keeps what it is told for good: where somebody called from is no part of a change. */
const kept = ({ last_used_ip: _ip, last_used_client: _client, ...row }: ApiKeyRow) => row;

/** Where others call from is for those who may read logs. */
const visibleUse = ({ identity }: Context, row: ApiKeyRow): ApiKeyRow =>
  mayDo(identity.role, 'read_logs') ? row : { ...row, last_used_ip: null, last_used_client: null };

function refuseEnded({ revoked_at, expires_at }: ApiKeyRow, now_ms: number): void {
  const is_ended = revoked_at !== null || (expires_at !== null && epochMs(expires_at) <= now_ms);
  if (!is_ended) return;
  const how = revoked_at === null ? 'has expired' : 'is revoked';
  throw new Problem(
    'conflict',
    `This key ${how}, and a key that has ended is not rotated. Make a new one with POST /api/v1/api-keys.`,
  );
}

/** What is rotated in its overlap would pass the end of the overlap on to the new key. */
async function refuseRotated(tx: Tx, id: string): Promise<void> {
  const next = await successorOf(tx, id);
  if (next === undefined) return;
  throw new Problem('conflict', `This key was rotated already, to ${next}: rotate that one.`);
}

/** A key that ends makes none that lasts longer: what was lent for a day is not kept by renewing it. */
async function refuseLonger(tx: Tx, { identity }: Context, expires_at: string | null): Promise<void> {
  const own = (await findApiKey(tx, identity.api_key.id))?.expires_at ?? null;
  if (own === null || (expires_at !== null && epochMs(expires_at) <= epochMs(own))) return;
  throw new Problem(
    'forbidden',
    `This key expires at ${own}, and the other one would last longer. Say an expires_at up to then, or use a key that lasts.`,
  );
}

type Wanted = Pick<ApiKeyRow, 'name' | 'role' | 'project_id' | 'agent_ids' | 'actor_ids' | 'expires_at'>;

/** The row and the key itself, which is nowhere else. A key that replaces an old one continues its lineage. */
async function makeApiKey(
  tx: Tx,
  context: Context,
  wanted: Wanted,
  old: ApiKeyRow | null = null,
): Promise<{ row: ApiKeyRow; secret: string }> {
  const secret = makeKeyText('live', randomSecret);
  const id = context.deps.makeId('api_key');
  const row = await insertApiKey(tx, {
    tenant_id: context.identity.tenant_id,
    id,
    lineage_id: old?.lineage_id ?? id,
    project_id: wanted.project_id,
    name: wanted.name,
    role: wanted.role,
    hash: sha256Hex(secret),
    hint: hintOf(secret),
    agent_ids: wanted.agent_ids,
    actor_ids: wanted.actor_ids,
    created_by: context.identity.api_key.id,
    created_at: nowText(context),
    expires_at: wanted.expires_at,
    rotated_from: old?.id ?? null,
  });
  return { row: present(row, 'a key that is new by chance'), secret };
}
