import type { Alert } from '@aos/core/policies/alert.ts';
import type { Channel } from '@aos/core/policies/channel.ts';
import type { Delivery } from '@aos/core/policies/delivery.ts';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Api, expectStatus } from '../parts/client.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';
import { type MailServer, type Receiver, startMailServer, startReceiver } from './receiver.ts';

/** A gateway that may tell a receiver and a mail server, and limits that reach their tiers. `withAlerts` starts them. */

type MadeChannel = Channel & { secret?: string; url: string };
export interface List<Item> {
  items: Item[];
  total: number | null;
}
export interface Refused {
  error: { code: string; message: string };
}

export let gateway: Gateway;
export let receiver: Receiver;
export let mail: MailServer;
export let admin: Api;

/** For the tests of the file that calls it. */
export function withAlerts(): void {
  beforeAll(async () => {
    [receiver, mail] = await Promise.all([startReceiver(), startMailServer()]);
    gateway = await startGateway({ AOS_OUTBOUND_ALLOW: '127.0.0.1', SMTP_URL: mail.url });
    admin = gateway.admin;
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([receiver?.close(), mail?.close()]);
  });
}

export const makeChannel = async (body: object): Promise<MadeChannel> =>
  expectStatus(201, await admin.post<MadeChannel>('/api/v1/channels', body));
export const testChannel = async (slug: string) =>
  expectStatus(
    200,
    await admin.post<{ ok: boolean; channel: Channel; delivery: Delivery }>(`/api/v1/channels/${slug}/test`),
  );
/** A webhook at a path of its own that has passed its test. */
export async function goodWebhook(slug: string): Promise<MadeChannel> {
  const made = await makeChannel({ slug, kind: 'webhook', url: `${receiver.url}/${slug}` });
  expect(await testChannel(slug)).toMatchObject({ ok: true });
  return made;
}

export const limited = (agent: string, alerts: object | undefined, more: object = {}) => ({
  name: `for ${agent}`,
  target: { kind: 'agent', ids: [agent] },
  controls: [{ limit: { type: 'requests', max: 10, window: { per: 'day' } }, alerts, action: 'block', ...more }],
});
export const call = (agent: string, headers: Record<string, string> = {}) =>
  admin.post(
    '/v1/chat/completions',
    { model: 'mock-small', messages: [{ role: 'user', content: 'Hello.' }], max_tokens: 3 },
    { headers: { 'x-aos-agent-id': agent, ...headers } },
  );
export async function calls(agent: string, count: number): Promise<number[]> {
  const statuses = [];
  for (let n = 0; n < count; n++) statuses.push((await call(agent)).status);
  return statuses;
}
export const alertsOf = async (policy_id: string, query = ''): Promise<Alert[]> => {
  const found = await admin.get<List<Alert>>(`/api/v1/alerts?policy_id=${policy_id}&limit=200${query}`);
  return expectStatus(200, found).items.reverse();
};
export const deliveriesOf = async (alert_id: string): Promise<Delivery[]> =>
  expectStatus(200, await admin.get<List<Delivery>>(`/api/v1/deliveries?alert_id=${alert_id}`)).items;
