import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectStatus, waitFor } from '../parts/client.ts';
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
const get = async (id: string) => expectStatus(200, await gateway.admin.get<Run>(`/api/v1/runs/${id}`));
const held = (id: string) =>
  waitFor(
    async () => {
      const run = await get(id);
      return run.hold === 'paused' && run;
    },
    { timeout_ms: 30_000, interval_ms: 100, what: `${id} to be held` },
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
