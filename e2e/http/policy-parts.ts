import type { PolicyObject } from '@aos/core/api/policies.ts';
import { currentSnapshot } from '@aos/server/store/policies.ts';
import { controlEpoch } from '@aos/server/store/tenants.ts';
import { afterAll, beforeAll } from 'vitest';
import { type Answer, type Api, expectStatus } from '../parts/client.ts';
import { openPolicyApp, type PolicyApp } from './policy-app.ts';

/** The API of policies on a database of its own. `withApi` starts the API. */

export type Policy = PolicyObject;
export interface List<Item> {
  items: Item[];
  next_cursor: string | null;
  total: number | null;
}
export interface Refused {
  error: { code: string; message: string };
}

export const limit = (max: string | number) => ({ type: 'cost_usd', max, window: { per: 'day' } });
export const document = (more: object = {}) => ({
  name: 'Daily cap',
  target: { kind: 'agent', ids: ['support-bot'] },
  controls: [{ limit: limit('50.00'), action: 'block' }],
  ...more,
});
export const reason = 'because a test says so';
export const path = (id: string, step = '') => `/api/v1/policies/${id}${step}`;

export let app: PolicyApp;
export let admin: Api & { key_id: string };

/** For the tests of the file that calls it. */
export function withApi(): void {
  beforeAll(async () => {
    app = await openPolicyApp('postgres');
    admin = await app.client();
  });
  afterAll(() => app?.drop());
}

export const create = async (more: object = {}, client: Api = admin): Promise<Policy> =>
  expectStatus(201, await client.post<Policy>('/api/v1/policies', document(more)));
export const step = (
  id: string,
  name: string,
  body: object = {},
  client: Api = admin,
): Promise<Answer<Policy & Refused>> => client.post(path(id, `/${name}`), { reason, ...body });
export const activated = async (more: object = {}): Promise<Policy> => {
  const { id } = await create(more);
  return expectStatus(200, await step(id, 'activate'));
};
export const put = (id: string, body: object, client: Api = admin): Promise<Answer<Policy & Refused>> =>
  client.put(path(id), { ...document(), reason, ...body });
export const get = async (id: string): Promise<Policy> => expectStatus(200, await admin.get<Policy>(path(id)));

export const epoch = () => app.db.tenant(app.tenant_id, (tx) => controlEpoch(tx, app.tenant_id));
export const snapshot = () => app.db.tenant(app.tenant_id, (tx) => currentSnapshot(tx, app.tenant_id));
interface Entry {
  event: string;
  object_id: string;
  actor_id: string;
  reason: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  request_id: string;
}
export const ledger = (object_id: string) =>
  app.db.tenant(app.tenant_id, (tx) =>
    tx.query<Entry>(
      'select event, object_id, actor_id, reason, before, after, request_id from audit_ledger where object_id = $1 order by id',
      [object_id],
    ),
  );
