import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, api, expectStatus, type KeyBody, makeKey, makePolicy } from '../parts/client.ts';
import { type Gateway, startGateway, wires } from '../parts/gateway.ts';
import { type ServerProcess, startServer } from '../parts/processes.ts';

/** Two processes on one database. */
let gateway: Gateway;
let other: ServerProcess;
beforeAll(async () => {
  // Each has a data folder of its own, so what seals the provider's key comes from outside.
  const shared = { AOS_SECRET_KEY: randomBytes(32).toString('base64') };
  gateway = await startGateway(shared);
  const env = { ...shared, OPENAI_API_KEY: 'sk-stub', OPENAI_BASE_URL: gateway.stub.url };
  other = await startServer({ database_url: gateway.database.url, env });
});
afterAll(async () => {
  await other?.stop();
  await gateway?.stop();
});

const chat = (client: Api, headers: Record<string, string> = {}) =>
  client.post('/v1/chat/completions', wires.chat.body({ output_tokens: 1 }), { headers });

test('requests over a short window: no stretch of time admits more than burst + rate · t, over two processes', async () => {
  const [burst, seconds] = [8, 2];
  const agent = 'eager';
  await makePolicy(gateway.admin, {
    name: 'a few every two seconds',
    target: { kind: 'agent', ids: [agent] },
    controls: [{ limit: { type: 'requests', max: burst, window: { rolling_seconds: seconds } }, action: 'block' }],
  });
  const until = performance.now() + 2.5 * seconds * 1_000;
  let passed = 0;
  // Until the burst came again, and again: it is a limit and not a wall. A database that stalls on a busy machine is a 503, and admits nobody: what is shown here is how many were admitted.
  const caller = async (client: Api) => {
    while (performance.now() < until || passed <= burst) {
      const { status } = await chat(client, { 'x-aos-agent-id': agent });
      expect([200, 429, 503]).toContain(status);
      if (status === 200) passed++;
    }
  };
  const clients = [gateway.admin, api(other)];
  await Promise.all([...clients, ...clients, ...clients].map(caller));
  const rows = await gateway.rows<{ at: string }>(
    `select extract(epoch from admitted_at) as at from llm_run_records x join agents a on a.id = x.agent_id
      where a.slug = $1 order by admitted_at`,
    [agent],
  );
  const admitted = rows.map(({ at }) => Number(at));
  expect(admitted.length).toBeGreaterThan(burst);
  for (const [n, from] of admitted.entries())
    for (const [m, to] of admitted.entries())
      if (m >= n) expect(m - n + 1).toBeLessThanOrEqual(burst + (burst / seconds) * (to - from));
});

test('what a key has used stays used when it is rotated and when its policy is edited', async () => {
  const key = await makeKey(gateway.admin, { name: 'worker', role: 'service' });
  const document = (max: number) => ({
    name: 'a few a day for one key',
    target: { kind: 'api_key', ids: [key.id] },
    controls: [{ limit: { type: 'requests', max, window: { per: 'day' }, count_per: 'api_key' }, action: 'block' }],
  });
  const policy = await makePolicy(gateway.admin, document(5));
  const [control] = policy.controls as unknown as { id: string }[];
  const passed = async (secret: string, tries: number) => {
    const statuses = [];
    for (let n = 0; n < tries; n++) {
      const client = api(n % 2 === 0 ? gateway.server : other, secret);
      statuses.push((await chat(client)).status);
    }
    return statuses.filter((status) => status === 200).length;
  };
  expect(await passed(key.secret, 3)).toBe(3);
  const next = expectStatus(
    200,
    await gateway.admin.post<KeyBody>(`/api/v1/api-keys/${key.id}/rotate`, { reason: 'a new secret' }),
  );
  expect(await passed(next.secret, 4)).toBe(2);
  // Two more than before, for a control that is the same by its id.
  const [same] = document(7).controls;
  const edited = { ...document(7), controls: [{ ...same, id: control?.id }], reason: 'two more' };
  expectStatus(200, await gateway.admin.put(`/api/v1/policies/${policy.id}`, edited));
  expect(await passed(next.secret, 4)).toBe(2);
});

test('a rolling window that is shortened goes on with what was counted, at every caller of its own', async () => {
  const document = (rolling_seconds: number, id?: string | undefined) => ({
    name: 'a few for each agent',
    target: { kind: 'agent', ids: ['shortened', 'beside'] },
    controls: [6, 5].map((max, n) => ({
      ...(n === 0 && id && { id }),
      limit: { type: 'requests', max, window: { rolling_seconds }, count_per: 'agent' },
      action: n === 0 ? 'block' : 'warn',
    })),
  });
  const passed = async (agent: string, tries: number) => {
    const answers = await Promise.all(
      Array.from({ length: tries }, (_, n) =>
        chat(n % 2 === 0 ? gateway.admin : api(other), { 'x-aos-agent-id': agent }),
      ),
    );
    return answers.filter(({ status }) => status === 200).length;
  };
  const apply = async (seconds: number) =>
    expectStatus(
      200,
      await gateway.admin.post<{ policies: { policy_id: string; action: string; warnings: string[] }[] }>(
        '/api/v1/policies/apply',
        { yaml: JSON.stringify(document(seconds)), reason: 'shorter' },
      ),
    ).policies[0];
  const path = `/api/v1/policies/${(await apply(86_400))?.policy_id}`;
  const controlOf = async () =>
    expectStatus(200, await gateway.admin.get<{ controls: { id: string }[] }>(path)).controls[0]?.id;
  expect(await passed('shortened', 4)).toBe(4);
  expect(await passed('beside', 1)).toBe(1);
  expect(await apply(86_400)).toMatchObject({ action: 'unchanged' });
  const first = await controlOf();
  for (const edited of [document(21_600, first), document(3_600)]) {
    const before = await controlOf();
    const after = expectStatus(200, await gateway.admin.put(path, { ...edited, reason: 'shorter' }));
    expect(JSON.stringify(after)).toContain(`than ${before} did, so it goes on under the new id`);
  }
  const before = await controlOf();
  expect((await apply(600))?.warnings[0]).toContain(`than ${before} did, so it goes on under the new id`);
  expect(await controlOf()).not.toBe(before);
  expect(await passed('shortened', 5)).toBe(2);
  expect(await passed('beside', 8)).toBe(5);
});
