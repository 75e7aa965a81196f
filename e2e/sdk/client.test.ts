import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AOS } from '@aos/sdk/client.ts';
import type { Answer, Body, Input, Item, ListName, Query } from '@aos/sdk/contract.ts';
import {
  AOSError,
  AuthenticationError,
  ConflictError,
  ConnectionError,
  InvalidRequestError,
  NotFoundError,
  PermissionDeniedError,
  PolicyBlockedError,
  RunTimeoutError,
  ServerError,
  TimeoutError,
} from '@aos/sdk/errors.ts';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { collect } from '../parts/client.ts';
import { freshDatabase, type TestDatabase } from '../parts/database.ts';
import { type ServerProcess, startServer } from '../parts/processes.ts';

let database: TestDatabase;
let server: ServerProcess;
let aos: AOS;
beforeAll(async () => {
  database = await freshDatabase('postgres');
  server = await startServer({ database_url: database.url });
  aos = new AOS({ api_key: server.admin_key, base_url: `${server.url}/` });
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe('a goal', () => {
  test('is asked for, simulated, waited for and looked up', async () => {
    const capabilities = await aos.getCapabilities();
    expect(capabilities.skills.map(({ name }) => name)).toContain('llm');

    const asked = { agent_id: 'sdk-bot', goal: 'Compare tea and coffee, then summarise.' };
    const simulation = await aos.simulate(asked);
    expect(simulation).toMatchObject({ feasible: true, decision: 'continue' });

    const queued = await aos.postGoal(asked);
    const told: string[] = [];
    const run = await aos.pollRun(queued.id, { on_step: (step) => void told.push(step.id) });
    expect(run).toMatchObject({ id: queued.id, status: 'succeeded', agent_slug: 'sdk-bot' });
    const steps = await aos.runs.steps(run.id);
    // Steps beside each other are told as they end, and stand in the order in which they began.
    expect([...told].sort()).toEqual(steps.items.map(({ id }) => id).sort());
    expect(told.length).toBeGreaterThan(1);
    expect((await aos.runs.list({ agent: ['sdk-bot'], status: ['succeeded'] })).items).toMatchObject([{ id: run.id }]);
  });

  test('posted twice with one idempotency key is one run', async () => {
    const asked = { agent_id: 'once-bot', goal: 'Say hello.' };
    const [first, again] = [
      await aos.postGoal(asked, { idempotency_key: 'sdk-once' }),
      await aos.postGoal(asked, { idempotency_key: 'sdk-once' }),
    ];
    expect(again.id).toBe(first.id);
    expect((await aos.postGoal(asked)).id).not.toBe(first.id);
    const other = aos.postGoal({ ...asked, goal: 'Say goodbye.' }, { idempotency_key: 'sdk-once' });
    await expect(other).rejects.toBeInstanceOf(ConflictError);
  });

  test('that takes longer than the caller waits goes on, and says so', async () => {
    const plan = { steps: [{ id: 'rest', skill: 'wait', params: { seconds: 5 } }] };
    const { id } = await aos.postGoal({ agent_id: 'slow-bot', goal: 'Rest.', plan });
    const error = await thrownBy(aos.pollRun(id, { timeout_ms: 300 }));
    expect(error).toBeInstanceOf(RunTimeoutError);
    expect((error as RunTimeoutError<Answer<'getRun'>>).run.id).toBe(id);
    const reason = new Error('enough');
    const stop = new AbortController();
    const polling = thrownBy(aos.pollRun(id, { signal: stop.signal }));
    stop.abort(reason);
    expect(await polling).toBe(reason);
    expect((await aos.runs.cancel(id, { reason: 'seen enough' })).status).toBe('cancelled');
  });

  test('that a policy stops ends as such, and is thrown only when asked', async () => {
    const { id: policy_id } = await aos.policies.create({
      name: 'Nothing for the poor bot',
      target: { kind: 'agent', ids: ['poor-bot'] },
      controls: [{ limit: { type: 'cost_usd', max: '0.000001', window: { per: 'day' } }, action: 'block' }],
    });
    await aos.policies.activate(policy_id, { reason: 'needed by a test' });
    const { id } = await aos.postGoal({ agent_id: 'poor-bot', goal: 'Spend.' });
    expect((await aos.pollRun(id)).status).toBe('failed_policy');
    const error = await thrownBy(aos.pollRun(id, { throw_on_block: true }));
    expect(error).toBeInstanceOf(PolicyBlockedError);
    expect(error).toMatchObject({ policy_id, details: { run_id: id } });
  });
});

describe('what is typed', () => {
  test('is the contract: what is sent, before defaults, and what is answered', () => {
    expectTypeOf<Body<'createRun'>['tags']>().toEqualTypeOf<Record<string, string> | undefined>();
    expectTypeOf<Body<'createRun'>['goal']>().toEqualTypeOf<string>();
    expectTypeOf<Query<'listRuns'>['limit']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<NonNullable<Query<'listLiveRuns'>['status']>>().toEqualTypeOf<('queued' | 'running' | 'retry')[]>();
    expectTypeOf<Answer<'getRun'>['url']>().toEqualTypeOf<string>();
    expectTypeOf<Item<'listSteps'>['skill']>().toEqualTypeOf<string>();
    expectTypeOf<'getRun' extends ListName ? true : false>().toEqualTypeOf<false>();
    expectTypeOf<{ params: { id: string } }>().toExtend<Input<'getRun'>>();
    expectTypeOf<Record<string, never>>().not.toExtend<Input<'getRun'>>();
    expectTypeOf<Record<string, never>>().toExtend<Input<'listRuns'>>();
    expectTypeOf<{ query: { status: 'sleeping'[] } }>().not.toExtend<Input<'listRuns'>>();
  });
});

test('a whole list is walked through all its parts', async () => {
  for (const n of [1, 2, 3, 4, 5]) await aos.agents.create({ slug: `walked-${n}` });
  const agents = await collect(aos.each('listAgents', { query: { limit: 2 } }));
  expect(new Set(agents.map(({ id }) => id)).size).toBe(agents.length);
  expect(agents.filter(({ slug }) => slug.startsWith('walked-'))).toHaveLength(5);
});

describe('a refusal', () => {
  test('has a class of its own, with the code and the words of the server', async () => {
    const { secret } = await aos.keys.create({ name: 'looks only', role: 'viewer' });
    const viewer = new AOS({ api_key: secret, base_url: server.url });
    const stranger = new AOS({ api_key: 'aos-nobody', base_url: server.url });
    const cases: [() => Promise<unknown>, typeof AOSError, number, string][] = [
      [() => stranger.runs.list(), AuthenticationError, 401, 'unauthenticated'],
      [() => viewer.agents.create({ slug: 'x' }), PermissionDeniedError, 403, 'forbidden'],
      [() => aos.runs.get('run_01h455vb4pex5vsknk084sn02q'), NotFoundError, 404, 'not_found'],
      [() => aos.runs.list({ limit: 5_000 }), InvalidRequestError, 400, 'invalid_query'],
    ];
    for (const [work, Kind, status, code] of cases) {
      const error = await thrownBy(work());
      expect(error).toBeInstanceOf(Kind);
      expect(error).toBeInstanceOf(AOSError);
      expect(error).toMatchObject({ status, code, name: Kind.name, request_id: expect.stringMatching(/^req_/) });
    }
    expect(await thrownBy(aos.call('getRun', { params: { id: '' } }))).toBeInstanceOf(TypeError);
  });

  test('by nobody at all says where it was looked for', async () => {
    const error = await thrownBy(new AOS({ api_key: 'k', base_url: 'http://127.0.0.1:9' }).runs.list());
    expect(error).toBeInstanceOf(ConnectionError);
    expect((error as Error).message).toContain('http://127.0.0.1:9 cannot be reached');
  });

  test('settings that cannot be right are refused at once', () => {
    expect(() => new AOS({ base_url: 'localhost:8000' })).toThrow('base_url must be an address');
    expect(() => new AOS({ timeout_ms: 0 })).toThrow('timeout_ms');
    expect(() => new AOS({ max_retries: -1 })).toThrow('max_retries');
  });
});

/** A server that answers as it is told, one answer after the other, and keeps the idempotency keys it was sent. */
async function scripted(answers: [status: number, headers: Record<string, string>][]) {
  const keys: unknown[] = [];
  const http = createServer((request, reply) => {
    keys.push(request.headers['idempotency-key']);
    const answer = answers[keys.length - 1];
    if (!answer) return;
    reply.writeHead(answer[0], { 'content-type': 'application/json', ...answer[1] }).end('{"id":"done"}');
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const base_url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const close = () => {
    http.closeAllConnections();
    http.close();
  };
  return { aos: new AOS({ api_key: 'k', base_url, timeout_ms: 5_000 }), keys, close };
}

describe('a request is repeated', () => {
  const soon = { 'retry-after': '0' };
  const post = (of: AOS) => of.postGoal({ goal: 'x' });

  test('when the server says that this helps, with the same idempotency key', async () => {
    const {
      aos: client,
      keys,
      close,
    } = await scripted([
      [503, soon],
      [429, soon],
      [200, {}],
    ]);
    expect(await post(client)).toEqual({ id: 'done' });
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    close();
  });

  test.each<[number, Record<string, string>, typeof AOSError]>([
    [500, soon, ServerError],
    [503, {}, AOSError],
    [429, { ...soon, 'x-should-retry': 'false' }, AOSError],
    [402, soon, PolicyBlockedError],
    [429, { 'retry-after': '30' }, AOSError],
  ])('never after %i with %o', async (status, headers, Kind) => {
    const {
      aos: client,
      keys,
      close,
    } = await scripted([
      [status, headers],
      [200, {}],
    ]);
    expect(await thrownBy(post(client))).toBeInstanceOf(Kind);
    expect(keys).toHaveLength(1);
    close();
  });

  test('so often as it may be, and no more', async () => {
    const {
      aos: client,
      keys,
      close,
    } = await scripted([
      [503, soon],
      [503, soon],
      [503, soon],
      [200, {}],
    ]);
    expect(await thrownBy(post(client))).toMatchObject({ name: 'GovernanceUnavailableError', status: 503 });
    expect(keys).toHaveLength(3);
    close();
  });

  test('not when no answer comes: whether it took effect is not known', async () => {
    const { aos: client, keys, close } = await scripted([]);
    const error = await thrownBy(client.postGoal({ goal: 'x' }, { timeout_ms: 200 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(keys).toHaveLength(1);
    close();
  });
});
