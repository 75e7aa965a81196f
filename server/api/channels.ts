import type { alert_endpoints } from '@aos/core/api/alerts.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { channelsNamed } from '@aos/core/policies/alert-settings.ts';
import type { Channel, ChannelKind } from '@aos/core/policies/channel.ts';
import type { Notice } from '@aos/core/policies/delivery.ts';
import type { Tx } from '../base/database.ts';
import { randomSecret } from '../base/deps.ts';
import { OutboundFailure } from '../base/outbound/failure.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { notifiers } from '../notifiers/index.ts';
import { addressContext, secretContext, tellOnce } from '../notifiers/tell.ts';
import { webhookSecret } from '../notifiers/webhook.ts';
import { deliveriesOfChannels } from '../store/channel-deliveries.ts';
import {
  type ChannelRow,
  type Envelopes,
  findChannel,
  insertChannel,
  listChannels,
  markTested,
  removeChannel,
  updateChannel,
} from '../store/channels.ts';
import { findDelivery, insertTest } from '../store/deliveries.ts';
import { cursorOf } from '../store/list.ts';
import { activePolicies } from '../store/policies.ts';
import { found, inControl, inTenant, nowText, record, shown, shownPage, unlessTaken } from './change.ts';

type Names = 'createChannel' | 'listChannels' | 'getChannel' | 'changeChannel' | 'removeChannel' | 'testChannel';

export const channel_handlers: Handlers<Pick<typeof alert_endpoints, Names>> = {
  createChannel: ({ body }, context) =>
    inTenant(context, async (tx) => {
      const id = context.deps.makeId('channel');
      const { slug, kind, name = slug } = body;
      const address = body.kind === 'email' ? body.to.join(', ') : body.url;
      const secret = newSecret(kind);
      const row = await insertChannel(tx, context.identity.tenant_id, {
        ...{ id, slug, name, kind, at: nowText(context) },
        address: addressShown(context, kind, address),
        address_envelope: sealedAddress(context, id, address),
        secret_envelope: sealedSecret(context, id, secret),
      });
      const after = unlessTaken(row, 'channel', slug);
      await keep(tx, context, 'CHANNEL_CREATED', null, after);
      return { ...shown(context, after), ...(secret !== null && { secret }) };
    }),

  listChannels: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const page = { limit: query.limit, cursor: cursorOf('channel', query.cursor) };
      const slice = await listChannels(tx, page);
      const rows = await withDeliveries(tx, context, slice.rows as unknown as ChannelRow[]);
      return shownPage<(typeof rows)[number]>(context, { ...slice, rows });
    }),

  getChannel: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const [channel] = await withDeliveries(tx, context, [plain(await existing(tx, params.id))]);
      return shown(context, present(channel, 'the channel with its deliveries'));
    }),

  changeChannel: ({ params, body }, context) =>
    inTenant(context, async (tx) => {
      const before = await existing(tx, params.id);
      refuseUnfit(before.kind, body);
      const address = body.to?.join(', ') ?? body.url;
      const secret = body.rotate_secret ? newSecret(before.kind) : null;
      const { name = before.name, enabled = before.enabled } = body;
      const after = await updateChannel(tx, {
        ...before,
        ...{ name, enabled, updated_at: nowText(context) },
        ...(address !== undefined && {
          address: addressShown(context, before.kind, address),
          address_envelope: sealedAddress(context, before.id, address),
        }),
        ...(secret !== null && { secret_envelope: sealedSecret(context, before.id, secret) }),
        // What was tested was the way to the old address, with the old secret.
        tested_at: address === undefined && secret === null ? before.tested_at : null,
      });
      await keep(tx, context, 'CHANNEL_CHANGED', plain(before), { ...after, secret_changed: secret !== null });
      return { ...shown(context, after), ...(secret !== null && { secret }) };
    }),

  removeChannel: ({ params }, context) =>
    inControl(context, async (tx) => {
      const before = await existing(tx, params.id);
      refuseBuiltIn(before.kind, 'be removed');
      const users = (await activePolicies(tx)).filter(
        ({ mode, document }) =>
          mode === 'enforce' &&
          document.controls.some(
            ({ alerts }) => alerts && channelsNamed(alerts).some((name) => name === before.slug || name === before.id),
          ),
      );
      if (users.length > 0)
        throw new Problem(
          'conflict',
          `The channel "${before.slug}" is used by policies in force: ${users.map(({ document }) => `"${document.name}"`).join(', ')}. Take it out of them first, or disable it.`,
        );
      await removeChannel(tx, before.id, nowText(context));
      const gone = { ...plain(before), enabled: false };
      await keep(tx, context, 'CHANNEL_REMOVED', plain(before), null);
      return shown(context, gone);
    }),

  async testChannel({ params }, context) {
    const { deps, identity } = context;
    const { tenant_id } = identity;
    const channel = await inTenant(context, (tx) => existing(tx, params.id));
    const id = deps.makeId('delivery');
    const notice = testNotice(context, channel);
    const sealed = { ...channel, tenant_id, channel_id: channel.id };
    const { attempt } = await tellOnce(deps, sealed, { id, n: 1, notice });
    const ok = attempt.error === null;
    return inTenant(context, async (tx) => {
      await insertTest(tx, { id, channel_id: channel.id, notice, attempt });
      if (ok) await markTested(tx, channel.id, attempt.at);
      const after = plain(await existing(tx, channel.id));
      await keep(tx, context, ok ? 'CHANNEL_TESTED' : 'CHANNEL_TEST_FAILED', null, { ...after, error: attempt.error });
      const delivery = found(await findDelivery(tx, id, null), 'delivery', '/api/v1/deliveries');
      return { ok, channel: shown(context, after), delivery: shown(context, delivery) };
    });
  },
};

const existing = async (tx: Tx, ref: string): Promise<ChannelRow & Envelopes> =>
  found(await findChannel(tx, ref), 'channel', '/api/v1/channels');

/** A channel as it may be shown. */
const plain = ({ address_envelope: _address, secret_envelope: _secret, ...row }: ChannelRow & Envelopes): Channel =>
  row;

async function withDeliveries(tx: Tx, { deps }: Context, channels: readonly ChannelRow[]) {
  const ids = channels.map(({ id }) => id);
  const of = await deliveriesOfChannels(tx, ids, deps.clock.now());
  return channels.map((row) => ({ ...row, ...present(of.get(row.id), 'the deliveries of a channel') }));
}

const keep = (
  tx: Tx,
  context: Context,
  event: string,
  before: Channel | null,
  after: (Channel & { secret_changed?: boolean; error?: string | null }) | null,
) => record(tx, context, { event, object_type: 'channel', object_id: (after ?? before)?.id ?? '', before, after });

const newSecret = (kind: ChannelKind): string | null =>
  notifiers[kind].is_signed ? webhookSecret(randomSecret(24)) : null;

const sealedAddress = ({ deps, identity }: Context, id: string, address: string): string =>
  deps.vault.seal(address, addressContext(identity.tenant_id, id));

const sealedSecret = ({ deps, identity }: Context, id: string, secret: string | null): string | null =>
  secret === null ? null : deps.vault.seal(secret, secretContext(identity.tenant_id, id));

function addressShown({ deps }: Context, kind: ChannelKind, address: string): string {
  try {
    return notifiers[kind].shownAddress(deps, address);
  } catch (error) {
    if (!(error instanceof OutboundFailure)) throw error;
    throw new Problem('invalid_body', `The body cannot be read: url cannot be used, because ${error.message}.`);
  }
}

function refuseBuiltIn(kind: ChannelKind, what: string): void {
  if (kind === 'console')
    throw new Problem('conflict', `The console is built in: it cannot ${what}. Alerts always stand in its list.`);
}

function refuseUnfit(kind: ChannelKind, body: { url?: unknown; to?: unknown; rotate_secret?: unknown }): void {
  refuseBuiltIn(kind, 'be changed');
  const wrong = [
    ...(body.url !== undefined && kind === 'email' ? ['url: an e-mail channel has recipients (to)'] : []),
    ...(body.to !== undefined && kind !== 'email' ? [`to: a ${kind} channel has a url`] : []),
    ...(body.rotate_secret && !notifiers[kind].is_signed ? [`rotate_secret: a ${kind} channel has no secret`] : []),
  ];
  if (wrong.length > 0) throw new Problem('invalid_body', `The body cannot be read: ${wrong.join('; ')}.`);
}

const testNotice = (context: Context, { id, slug }: ChannelRow): Notice => ({
  type: 'channel.test',
  timestamp: nowText(context),
  title: 'Test of an AOS channel',
  text: `Alerts of policies that name the channel "${slug}" will arrive here.`,
  url: consoleUrl(context.deps.config.public_url, id),
  data: { channel_id: id, channel_slug: slug },
});
