import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomFrom } from '../../tools/campaigns/parts/random.ts';
import { expectStatus, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

interface Simulated {
  feasible: boolean;
  decision: string;
  steps: { id: string; verdict: string }[];
  stopped_by: { step: string; code: string } | null;
}

interface Run {
  status: string;
  hold: string;
  failure: { code: string } | null;
  plan_steps: { name: string; state: string }[];
}

/** A chain of steps of all kinds; what has no source fails after it was let in, and the plan goes on. */
function chain(seed: number) {
  const random = randomFrom(seed);
  const params = {
    llm: { prompt: 'Hello.', max_tokens: 5 },
    transform: { input: 1, expression: '@' },
    tool: { tool: 'search' },
    retrieve: { source: 'handbook', query: 'holidays' },
  };
  const steps = Array.from({ length: random.whole(2, 6) }, (_, n) => {
    const skill = random.pick<keyof typeof params>(['llm', 'transform', 'tool', 'retrieve']);
    const depends_on = n === 0 ? [] : [`s${n - 1}`];
    return { id: `s${n}`, skill, params: params[skill], depends_on, on_error: 'continue' };
  });
  const limit = random.pick([
    { type: 'steps', window: { per: 'run' } },
    { type: 'steps', window: { per: 'day' } },
    { type: 'tool_calls', window: { per: 'run' } },
    { type: 'requests', window: { per: 'day' } },
    { type: 'concurrency' },
  ]);
  const least = limit.type === 'concurrency' ? 1 : 0;
  const control = { limit: { ...limit, max: random.whole(least, 3) }, action: random.pick(['block', 'pause', 'warn']) };
  return { steps, control };
}

/** What a run that stands or has ended met: the decision, and at which step. */
const metBy = ({ status, hold, failure, plan_steps }: Run) => {
  if (status === 'succeeded') return { feasible: true, step: null, code: null };
  const step = plan_steps.find(({ state }) => state === 'pending' || state === 'skipped')?.name;
  return { feasible: false, step, code: hold === 'paused' ? 'run_paused' : failure?.code };
};

test('a simulated plan is decided as the run then is, step by step, whatever its steps do and its limits count', async () => {
  const cases = Array.from({ length: 20 }, (_, n) => ({ agent: `simulated-${n}`, ...chain((n + 1) * 7_919) }));
  for (const { agent, control } of cases) {
    const skills = ['llm', 'transform', 'tool', 'retrieve'];
    expectStatus(201, await gateway.admin.post('/api/v1/agents', { slug: agent, skills }));
    await limitAgent(gateway, agent, control);
  }
  const met = await Promise.all(
    cases.map(async ({ agent, steps }) => {
      const body = { goal: 'simulated', agent_id: agent, plan: { steps } };
      const { goal: _, ...asked } = body;
      const simulated = expectStatus(200, await gateway.admin.post<Simulated>('/api/v1/runtime/simulate', asked));
      const { id } = expectStatus(202, await gateway.admin.post<{ id: string }>('/api/v1/runs', body));
      const run = await waitFor(
        async () => {
          const found = expectStatus(200, await gateway.admin.get<Run>(`/api/v1/runs/${id}`));
          return (found.hold === 'paused' || !/^(?:queued|running)$/.test(found.status)) && found;
        },
        { interval_ms: 100, what: `the end of ${agent}` },
      );
      return { simulated, run };
    }),
  );
  const said = met.map(({ simulated: { feasible, decision, stopped_by } }) => ({
    feasible,
    step: stopped_by?.step ?? null,
    code: decision === 'pause' ? 'run_paused' : (stopped_by?.code ?? null),
  }));
  expect(said).toEqual(met.map(({ run }) => metBy(run)));
  // Not all of one kind, or nothing would be shown.
  expect(new Set(said.map(({ code }) => code)).size).toBeGreaterThan(2);
});

test('a simulation counts on the session of its run, as the run does', async () => {
  const limit = { type: 'steps', max: 1, window: { per: 'session' } };
  await limitAgent(gateway, 'talker', { limit, action: 'block' });
  const steps = [{ id: 'a', skill: 'transform', params: { input: 1, expression: '@' } }];
  const asked = { agent_id: 'talker', session_id: 'talk', plan: { steps } };
  const simulated = (more: object = {}) =>
    gateway.admin.post<Simulated>('/api/v1/runtime/simulate', { ...asked, ...more });
  expect(expectStatus(200, await simulated())).toMatchObject({ feasible: true });
  const { id } = expectStatus(202, await gateway.admin.post<{ id: string }>('/api/v1/runs', { goal: 'x', ...asked }));
  await waitFor(
    async () => expectStatus(200, await gateway.admin.get<Run>(`/api/v1/runs/${id}`)).status === 'succeeded',
    { interval_ms: 100, what: 'the end of the run' },
  );
  expect(expectStatus(200, await simulated())).toMatchObject({ feasible: false, stopped_by: { step: 'a' } });
  const asks = [{ id: 'b', skill: 'llm', params: { prompt: 'Hello.', max_tokens: 5 } }];
  const of_model = expectStatus(200, await simulated({ plan: { steps: asks } }));
  expect(of_model).toMatchObject({ feasible: false, stopped_by: { step: 'b' } });
  expect(expectStatus(200, await simulated({ session_id: 'another' }))).toMatchObject({ feasible: true });
});
