import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, expectStatus, type KeyBody, waitFor } from '../parts/client.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ AOS_RUN_IDLE_SECONDS: '1' });
});
afterAll(() => gateway?.stop());

test('a tenant whose work fails keeps no other from theirs, whichever comes first', async () => {
  const { admin, rows, change, server } = gateway;
  const clients = [admin];
  for (const slug of ['second', 'third']) {
    const made = expectStatus(201, await admin.post<{ api_key: KeyBody }>('/api/v1/tenants', { slug }));
    clients.push(api(server, made.api_key.secret));
  }
  const body = { goal: 'to be idle', agent_id: 'idle', mode: 'external' };
  const ids = [];
  for (const client of clients) ids.push(expectStatus(202, await client.post<{ id: string }>('/api/v1/runs', body)).id);
  const [first, second, third] = ids;
  // The jobs look at tenants in one order: neither the first nor the middle one stops them.
  await change(`create function refuse_end() returns trigger language plpgsql as
    $$ begin if new.id = any ('{${first},${second}}') then raise exception 'not this one'; end if; return new; end $$`);
  await change('create trigger refuses before update of ended_at on runs for each row execute function refuse_end()');
  const stateOf = async (id = '') => (await rows('select status from runs where id = $1', [id]))[0]?.status;
  await waitFor(async () => (await stateOf(third)) === 'succeeded', {
    what: 'the end of the third',
  });
  expect([await stateOf(first), await stateOf(second)]).toEqual(['running', 'running']);
  await change('drop function refuse_end cascade');
  for (const id of [first, second])
    await waitFor(async () => (await stateOf(id)) === 'succeeded', { what: `the end of ${id}` });
  expect(server.output()).toContain('end-idle-runs');
});
