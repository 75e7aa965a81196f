import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, expectStatus, makeKey, waitFor } from '../parts/client.ts';
import { aos } from '../parts/command.ts';
import { type Gateway, limitAgent, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

interface Run {
  id: string;
  hold: string;
  pause: { by: { kind: string; id: string; name: string | null }; until: string | null } | null;
}

const ask = async (agent_id: string, more: object) =>
  expectStatus(202, await gateway.admin.post<Run>('/api/v1/runs', { goal: 'paused', agent_id, ...more })).id;
const get = async (id: string, client = gateway.admin) =>
  expectStatus(200, await client.get<Run>(`/api/v1/runs/${id}`));
const held = (id: string) =>
  waitFor(
    async () => {
      const run = await get(id);
      return run.hold === 'paused' && run;
    },
    { interval_ms: 100, what: `${id} to be held` },
  );

test('a run says until when it is held also where another run has asked the question for both', async () => {
  const steps = [{ id: 'ask', skill: 'llm', params: { prompt: 'Hello.', max_tokens: 5 } }];
  const none = { type: 'requests', max: 0 };
  const limits = {
    all: { ...none, window: { per: 'day' } },
    key: { ...none, window: { per: 'day' }, count_per: 'api_key' },
    agent: { ...none, window: { per: 'day' }, count_per: 'agent' },
    pair: { type: 'tokens_output', max: 1, window: { per: 'session' }, count_per: 'agent' },
  };
  await Promise.all(
    Object.entries(limits).map(async ([name, limit]) => {
      await limitAgent(gateway, name, { limit, action: 'pause', pause: { timeout_seconds: 600 } });
      const more = { plan: { steps }, session_id: `session of ${name}` };
      const first = await held(await ask(name, more));
      const second = await held(await ask(name, more));
      const questions = await gateway.rows('select run_id from approvals where run_id = any($1)', [
        [first.id, second.id],
      ]);
      expect(questions, name).toEqual([{ run_id: first.id }]);
      expect(second.pause, name).toMatchObject({ until: expect.any(String), on_timeout: 'block' });
      expect(second.pause?.until, name).toBe(first.pause?.until);
    }),
  );
});

test('no run is told of a question that is asked about another one', async () => {
  const limit = { type: 'requests', max: 0, window: { per: 'day' }, count_per: 'agent' };
  const policy = await limitAgent(gateway, 'theirs', { limit, action: 'pause', pause: { timeout_seconds: 600 } });
  const steps = [{ id: 'ask', skill: 'llm', params: { prompt: 'Hello.', max_tokens: 5 } }];
  const { id } = await held(await ask('theirs', { plan: { steps } }));
  const other = await ask('apart', { mode: 'external' });
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${other}/pause`, { reason: 'not by a limit' }));
  // As if the limit held it, too: its own question is answered, and that of the other agent is open.
  await gateway.rows(
    'update run_pauses set (control_id, policy_id) = (select control_id, policy_id from run_pauses where run_id = $2) where run_id = $1',
    [other, id],
  );
  expect((await get(other)).pause).toMatchObject({ by: { name: policy.name }, until: null, on_timeout: null });
});

/** Somebody of the whole tenant, signed in; answers the cookie and the key they act by. */
async function member(email: string) {
  const { admin, server } = gateway;
  const body = { email, role: 'operator', project_id: null };
  const invited = expectStatus(
    201,
    await admin.post<{ invite_url: string; api_key_id: string }>('/api/v1/members', body),
  );
  const [token, password] = [new URL(invited.invite_url).hash.slice(1), 'a long enough pass phrase'];
  expectStatus(200, await api(server, null).post('/api/v1/members/accept', { token, password }));
  const headers = { origin: server.url };
  const signed_in = await api(server, null).post('/api/v1/session', { email, password }, { headers });
  const cookie = signed_in.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { key_id: invited.api_key_id, headers: { ...headers, cookie } };
}

test('who is bound to one project is not told the name of a person or key outside of it', async () => {
  const { admin, server } = gateway;
  const inside = await makeKey(admin, { role: 'operator', name: 'day watch' });
  const outside = await makeKey(admin, { role: 'operator', name: 'night watch', project_id: null });
  const reader = api(server, inside.secret);
  const [by_inside, by_outside, by_person] = await Promise.all(
    [1, 2, 3].map((n) => ask(`watched-${n}`, { mode: 'external' })),
  );
  const ann = await member('ann@example.com');
  const because = { reason: 'odd' };
  const paused = [
    await api(server, inside.secret).post(`/api/v1/runs/${by_inside}/pause`, because),
    await api(server, outside.secret).post(`/api/v1/runs/${by_outside}/pause`, because),
    await api(server, null).post(`/api/v1/runs/${by_person}/pause`, because, { headers: ann.headers }),
  ];
  for (const answer of paused) expectStatus(200, answer);
  const shown = async (id: string | undefined, client = reader) => (await get(id ?? '', client)).pause?.by;
  expect(await shown(by_inside)).toEqual({ kind: 'api_key', id: inside.id, name: 'day watch' });
  expect(await shown(by_outside)).toEqual({ kind: 'api_key', id: outside.id, name: null });
  expect(await shown(by_person)).toEqual({ kind: 'person', id: ann.key_id, name: null });
  expect(await shown(by_outside, admin)).toMatchObject({ name: 'night watch' });
  expect(await shown(by_person, admin)).toMatchObject({ name: 'ann@example.com' });
  const env = { AOS_URL: server.url, AOS_API_KEY: inside.secret };
  for (const id of [by_outside, by_person])
    expect((await aos(env, 'runs', 'show', id ?? '')).out).toMatch(/paused +by somebody outside of this project at /);
});
