import type { member_endpoints } from '@aos/core/api/members.ts';
import { Problem } from '@aos/core/base/error.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { randomSecret, sha256Hex } from '../base/deps.ts';
import { atPasswordTurn, hashPassword } from '../base/password.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { changeKey, expireApiKey, insertApiKey, otherOwnerKeys, reviveKey } from '../store/api-keys.ts';
import { cursorOf } from '../store/list.ts';
import {
  acceptInvite,
  disableMember,
  findKnocking,
  findMember,
  insertMember,
  listMembers,
  type MemberRow,
  renameMember,
  setInvite,
} from '../store/members.ts';
import { endSignInsOf } from '../store/sign-ins.ts';
import { found, inControl, inTenant, nowText, record, shown, shownPage } from './change.ts';
import { refuseBeyond } from './key-reach.ts';
import { emailHash } from './member-sign-in.ts';
import { projectNamed } from './project-named.ts';
import { visibleProject } from './read.ts';

const members_path = '/api/v1/members';
const invite_lasts_ms = 7 * 86_400_000;

export const member_handlers: Handlers<typeof member_endpoints> = {
  inviteMember: ({ body }, context) =>
    inControl(context, async (tx) => {
      const { project_id: asked = context.identity.project_id, email, role, name = email } = body;
      const project_id = (await projectNamed(tx, asked, 'project_id'))?.id ?? null;
      refuseBeyond(context.identity, { role, project_id, agent_ids: [], actor_ids: [] });
      const { deps, identity } = context;
      const [id, api_key_id] = [deps.makeId('user'), deps.makeId('api_key')];
      await insertApiKey(tx, {
        ...{ tenant_id: identity.tenant_id, id: api_key_id, lineage_id: api_key_id, project_id, name, role },
        ...{ hash: `member:${id}`, hint: 'a person', agent_ids: [], actor_ids: [], rotated_from: null },
        ...{ created_by: identity.api_key.id, created_at: nowText(context), expires_at: null },
      });
      const invite = newInvite(context);
      const is_new = await insertMember(tx, {
        ...{ tenant_id: identity.tenant_id, id, api_key_id, email, email_hash: emailHash(email), name },
        ...{ invite_hash: invite.hash, invite_expires_at: invite.expires_at },
        ...{ created_at: nowText(context), created_by: identity.api_key.id },
      });
      if (!is_new) throw new Problem('conflict', `Somebody with the address ${email} is here already.`);
      const after = await existing(tx, id);
      await keep(tx, context, 'MEMBER_INVITED', null, after);
      return { ...shown(context, after), invite_url: invite.url };
    }),

  listMembers: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const page = { limit: query.limit, cursor: cursorOf('user', query.cursor) };
      return shownPage<MemberRow>(context, await listMembers(tx, visibleProject(context), page));
    }),

  getMember: ({ params }, context) =>
    inTenant(context, async (tx) => shown(context, await inSight(tx, context, params.id))),

  changeMember: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const before = await inReach(tx, context, params.id);
      const { role = before.role, name = before.name } = body;
      refuseBeyond(context.identity, { ...unbound, role, project_id: before.project_id });
      if (role !== 'owner') await refuseLastOwner(tx, context, before);
      await changeKey(tx, before.api_key_id, { role, name });
      if (name !== before.name) await renameMember(tx, before.id, name);
      const after = await existing(tx, before.id);
      await keep(tx, context, 'MEMBER_CHANGED', before, after, body.reason);
      return shown(context, after);
    }),

  inviteAgain: ({ params, body }, context) => newLink(context, params.id, body.reason, 'MEMBER_INVITED'),
  enableMember: ({ params, body }, context) => newLink(context, params.id, body.reason, 'MEMBER_ENABLED'),

  disableMember: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const before = await inReach(tx, context, params.id);
      if (before.status === 'disabled') throw new Problem('conflict', `${before.email} is disabled already.`);
      await refuseLastOwner(tx, context, before);
      await disableMember(tx, before.id);
      await expireApiKey(tx, before.api_key_id, nowText(context));
      await endSignInsOf(tx, before.api_key_id, nowText(context));
      const after = await existing(tx, before.id);
      await keep(tx, context, 'MEMBER_DISABLED', before, after, body.reason);
      return shown(context, after);
    }),

  acceptInvite: async ({ body }, context) => {
    const { deps } = context;
    const invite_hash = sha256Hex(body.token);
    const who = await deps.db.presented(invite_hash, (tx) => findKnocking(tx, 'invite_hash', invite_hash));
    const is_good = who?.invite_expires_at && epochMs(who.invite_expires_at) > deps.clock.now();
    if (!who || !is_good) throw usedUp();
    const password_hash = await atPasswordTurn(() => hashPassword(body.password));
    await deps.db.tenant(who.tenant_id, async (tx) => {
      if (!(await acceptInvite(tx, who.id, invite_hash, password_hash))) throw usedUp();
      await endSignInsOf(tx, who.api_key_id, nowText(context));
      const after = await existing(tx, who.id);
      await keep(tx, asMember(context, after, who.tenant_id), 'MEMBER_JOINED', null, after);
    });
    return { email: who.email, name: who.name };
  },
};

const unbound = { agent_ids: [], actor_ids: [] };

const existing = async (tx: Tx, id: string): Promise<MemberRow> =>
  found(await findMember(tx, id), 'member', members_path);

/** A key of one project sees the people of that project. */
async function inSight(tx: Tx, context: Context, id: string): Promise<MemberRow> {
  const own = visibleProject(context);
  const member = await existing(tx, id);
  return found(own === null || member.project_id === own ? member : undefined, 'member', members_path);
}

/** Nobody changes somebody who may do more than they. */
async function inReach(tx: Tx, context: Context, id: string): Promise<MemberRow> {
  const member = await inSight(tx, context, id);
  refuseBeyond(context.identity, { ...unbound, role: member.role, project_id: member.project_id });
  return member;
}

async function refuseLastOwner(tx: Tx, context: Context, { role, status, api_key_id }: MemberRow): Promise<void> {
  if (role !== 'owner' || status !== 'active') return;
  if ((await otherOwnerKeys(tx, api_key_id, nowText(context))) > 0) return;
  throw new Problem(
    'conflict',
    'This is the last owner of the tenant: without one nobody could administer it. Make another one first.',
  );
}

function newInvite({ deps }: Context) {
  const token = randomSecret(32).toString('base64url');
  return {
    hash: sha256Hex(token),
    expires_at: instantText(deps.clock.now() + invite_lasts_ms),
    // After the number sign, so that no server and no log on the way ever sees it.
    url: `${deps.config.public_url}/join#${token}`,
  };
}

const newLink = (context: Context, id: string, reason: string, event: 'MEMBER_INVITED' | 'MEMBER_ENABLED') =>
  inControl(context, async (tx) => {
    const before = await inReach(tx, context, id);
    const is_disabled = before.status === 'disabled';
    if (is_disabled !== (event === 'MEMBER_ENABLED'))
      throw new Problem('conflict', `${before.email} is ${before.status}${is_disabled ? ': enable them first' : ''}.`);
    const invite = newInvite(context);
    await setInvite(tx, id, invite.hash, invite.expires_at);
    if (is_disabled) await reviveKey(tx, before.api_key_id);
    const after = await existing(tx, id);
    await keep(tx, context, event, before, after, reason);
    return { ...shown(context, after), invite_url: invite.url };
  });

const usedUp = (): Problem =>
  new Problem('not_found', 'This link is not good any more. Ask whoever invited you for a new one.');

type MemberEvent = 'MEMBER_INVITED' | 'MEMBER_JOINED' | 'MEMBER_CHANGED' | 'MEMBER_DISABLED' | 'MEMBER_ENABLED';

const keep = (
  tx: Tx,
  context: Context,
  event: MemberEvent,
  before: MemberRow | null,
  after: MemberRow,
  reason: string | null = null,
) =>
  record(tx, context, {
    event,
    object_type: 'member',
    object_id: after.id,
    before,
    after,
    reason,
    project_id: after.project_id,
  });

/** Whoever joins does so in their own name, before they have signed in. */
const asMember = (context: Context, { api_key_id, role, project_id }: MemberRow, tenant_id: string): Context => ({
  ...context,
  identity: {
    ...{ tenant_id, project_id, role, agent_ids: [], actor_ids: [], of_installation: false, is_human: true },
    api_key: { id: api_key_id, lineage_id: api_key_id },
  },
});
