import { z } from 'zod';
import { reason, reference } from '../access/slug.ts';
import { asker_filter, synthetic_filter, words } from '../activity/filter.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { alert, alert_kinds, alert_statuses } from '../policies/alert.ts';
import { channel, channel_change, new_channel } from '../policies/channel.ts';
import { channel_deliveries, delivery, delivery_statuses } from '../policies/delivery.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const url = z.string().meta({ description: 'Page of the console' });
const shown_channel = channel.extend({ url });
const listed_channel = shown_channel.extend(channel_deliveries);
const shown_alert = alert.extend({ url });
const shown_delivery = delivery.extend({ url });
const one = z.strictObject({ id: reference });

const secret = z.string().meta({ description: 'The key that signs webhooks, shown this once' });

/** Whom limits tell that they are being used up, that they did, and what became of telling it. */
export const alert_endpoints = {
  createChannel: endpoint({
    method: 'POST',
    path: '/api/v1/channels',
    summary: 'Make a channel for alerts; it needs a test delivery before a policy in force may use it',
    permission: 'administer',
    body: new_channel,
    answer: shown_channel.extend({ secret: secret.optional() }).meta({ id: 'MadeChannel' }),
    status: 201,
  }),
  listChannels: endpoint({
    method: 'GET',
    path: '/api/v1/channels',
    summary: 'List the channels for alerts',
    permission: 'read',
    query: page_query,
    answer: pageOf(listed_channel).meta({ id: 'ChannelPage' }),
  }),
  getChannel: endpoint({
    method: 'GET',
    path: '/api/v1/channels/:id',
    summary: 'One channel, by id or slug',
    permission: 'read',
    params: one,
    answer: listed_channel,
  }),
  changeChannel: endpoint({
    method: 'PUT',
    path: '/api/v1/channels/:id',
    summary: 'Change a channel; a new address needs a new test delivery',
    permission: 'administer',
    params: one,
    body: channel_change,
    answer: shown_channel.extend({ secret: secret.optional() }).meta({ id: 'ChangedChannel' }),
  }),
  removeChannel: endpoint({
    method: 'DELETE',
    path: '/api/v1/channels/:id',
    summary: 'Remove a channel that no policy in force uses',
    permission: 'administer',
    params: one,
    answer: shown_channel,
  }),
  testChannel: endpoint({
    method: 'POST',
    path: '/api/v1/channels/:id/test',
    summary: 'Send a test delivery now, and tell what came of it',
    permission: 'administer',
    params: one,
    answer: z.object({ ok: z.boolean(), channel: shown_channel, delivery: shown_delivery }).meta({ id: 'ChannelTest' }),
  }),
  listAlerts: endpoint({
    method: 'GET',
    path: '/api/v1/alerts',
    summary: 'List what limits have reached, newest first',
    permission: 'read',
    query: page_query.extend({
      status: words(alert_statuses),
      kind: words(alert_kinds),
      policy_id: idOf('policy').optional(),
      control_id: idOf('control').optional(),
      subject: z.string().min(1).max(256).optional(),
      run_id: idOf('run').optional(),
      tier: z.coerce.number().int().min(1).max(100).optional(),
      from: instant.optional(),
      to: instant.optional(),
      project: asker_filter.project,
      ...synthetic_filter,
    }),
    answer: pageOf(shown_alert).meta({ id: 'AlertPage' }),
  }),
  getAlert: endpoint({
    method: 'GET',
    path: '/api/v1/alerts/:id',
    summary: 'One alert, with its deliveries',
    permission: 'read',
    params: z.strictObject({ id: idOf('alert') }),
    answer: shown_alert.extend({ deliveries: z.array(shown_delivery) }).meta({ id: 'AlertWithDeliveries' }),
  }),
  acknowledgeAlert: endpoint({
    method: 'POST',
    path: '/api/v1/alerts/:id/acknowledge',
    summary: 'Say that somebody looks after it',
    permission: 'operate',
    params: z.strictObject({ id: idOf('alert') }),
    body: z.strictObject({ reason }),
    answer: shown_alert,
  }),
  listDeliveries: endpoint({
    method: 'GET',
    path: '/api/v1/deliveries',
    summary: 'List what was told over channels, newest first; those with status dead were given up',
    permission: 'read',
    query: page_query.extend({
      status: words(delivery_statuses),
      alert_id: idOf('alert').optional(),
      channel_id: idOf('channel').optional(),
    }),
    answer: pageOf(shown_delivery).meta({ id: 'DeliveryPage' }),
  }),
  getDelivery: endpoint({
    method: 'GET',
    path: '/api/v1/deliveries/:id',
    summary: 'One delivery with its latest attempts',
    permission: 'read',
    params: z.strictObject({ id: idOf('delivery') }),
    answer: shown_delivery,
  }),
  retryDelivery: endpoint({
    method: 'POST',
    path: '/api/v1/deliveries/:id/retry',
    summary: 'Attempt a delivery again now, one that was given up too',
    permission: 'operate',
    params: z.strictObject({ id: idOf('delivery') }),
    answer: shown_delivery,
  }),
} satisfies Endpoints;
