import type { Signal } from '@aos/core/activity/signal.ts';
import { signal_names } from '@aos/core/activity/signals/index.ts';
import { sum_calls } from '@aos/server/worker/sum-up.ts';
import { watch_signals } from '@aos/server/worker/watch-signals.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Receiver, startReceiver } from '../alerts/receiver.ts';
import { expectStatus, makePolicy, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway } from '../parts/gateway.ts';
import { type ServerProcess, startServer } from '../parts/processes.ts';
import { type SignalList, signalsOf, type Worker, workerOn } from './watching.ts';

const hour_ms = 3_600_000;
const day_ms = 86_400_000;

let gateway: Gateway;
let second: ServerProcess;
let receiver: Receiver;
let worker: Worker;
beforeAll(async () => {
  receiver = await startReceiver();
  gateway = await startGateway({ AOS_OUTBOUND_ALLOW: '127.0.0.1' });
  second = await startServer({ database_url: gateway.database.url, data_dir: gateway.server.data_dir });
  worker = workerOn(gateway.database.url);
});
afterAll(async () => {
  await worker?.close();
  await second?.stop();
  await gateway?.stop();
  await receiver?.close();
});

const call = (agent: string | null, model = 'mock-small', max_tokens: number | undefined = 3) =>
  gateway.admin.post(
    '/v1/chat/completions',
    { model, messages: [{ role: 'user', content: 'Hello.' }], max_tokens },
    { headers: agent === null ? {} : { 'x-aos-agent-id': agent } },
  );
const calls = (count: number, agent: string, model?: string) =>
  Promise.all(Array.from({ length: count }, () => call(agent, model)));

/** The longer part of it is to come: what is used up by nineteen twentieths will be spent before its end. */
const windowAhead = () => ({ per: (Date.now() % day_ms) / day_ms < (Date.now() % hour_ms) / hour_ms ? 'day' : 'hour' });

async function failingChannel(): Promise<void> {
  const made = { slug: 'ops', kind: 'webhook', url: `${receiver.url}/ops` };
  expectStatus(201, await gateway.admin.post('/api/v1/channels', made));
  expectStatus(200, await gateway.admin.post('/api/v1/channels/ops/test'));
  receiver.answers.set('/ops', 503);
  const limit = { type: 'requests', max: 1, window: { per: 'day' } };
  await limitAgent(gateway, 'told', { limit, alerts: { channels: ['ops'] }, action: 'warn' });
  await call('told');
}

async function looping(): Promise<void> {
  const asked = { goal: 'loop', agent_id: 'looper', mode: 'external' };
  const { id } = expectStatus(202, await gateway.admin.post<{ id: string }>('/api/v1/runs', asked));
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const step = { kind: 'tool', name: 'search_orders', params: { q: 'late' }, started_at: at(-20), ended_at: at(0) };
  const steps = Array.from({ length: 14 }, () => step);
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${id}/steps`, { steps }));
}

async function shadowed(): Promise<void> {
  await makePolicy(gateway.admin, {
    name: 'Only one',
    target: { kind: 'agent', ids: ['shadowed'] },
    mode: 'shadow',
    controls: [{ limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'block' }],
  });
  for (let n = 0; n < 3; n++)
    await gateway.admin.post(
      '/v1/chat/completions',
      { model: 'mock-small', messages: [{ role: 'user', content: 'Hello.' }], max_tokens: 3 },
      { headers: { 'x-aos-agent-id': 'shadowed', 'x-aos-session-id': 'one' } },
    );
}

const raised: Record<Exclude<(typeof signal_names)[number], 'BURN_RATE_JUMP'>, RegExp> = {
  NEAR_LIMIT: /^for near: 19 used of the limit on \w+ of 20 .* \(95 %\), until /,
  FORECAST_BREACH: /^for near: 19 used of the limit on .*; spent at .* if it goes on like this\.$/,
  LIKELY_LOOP: /^looper called search_orders .* 14 times within 1 minute in one run\.$/,
  ERROR_BURST: /^12 calls of faulty failed within 5 minutes, most with provider_500\.$/,
  PROVIDER_DEGRADED: /^mock failed 12 of \d+ calls within 5 minutes, most with provider_500\.$/,
  UNKNOWN_PRICE: /^1 call to mock\/mock-unknown-price within 24 hours is in no sum of money/,
  UNBOUND_IDENTITY: /^Key .* is bound to nobody and claims to be agent (near|told|shadowed), on which the policy /,
  SHADOW_WOULD_BLOCK: /^In force, the policy "Only one" would have stopped something 2 times /,
  DEAD_CHANNEL: /^The channel ops \(webhook\) has not delivered since /,
};

const keysOf = (signals: Signal[]) => signals.map(({ type, subject }) => `${type} ${subject}`).sort();

describe('signals', () => {
  let first: Signal[];

  test('are raised by what happens, each type once, by two processes that look', async () => {
    const limit = { type: 'requests', max: 20, window: windowAhead() };
    await limitAgent(gateway, 'near', { limit, action: 'block' });
    await calls(19, 'near');
    await calls(12, 'faulty', 'mock-error-500');
    await call('priceless', 'mock-unknown-price');
    await Promise.all([failingChannel(), looping(), shadowed()]);
    const missing = (found: Signal[]) =>
      Object.entries(raised).filter(
        ([name, said]) => !found.some(({ type, text }) => type === name && said.test(text)),
      );
    first = await waitFor(
      async () => {
        const found = await signalsOf(gateway.admin);
        return missing(found).length === 0 && found;
      },
      { interval_ms: 500, what: 'signals of all types' },
    );
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set(['open']));
    const agents = first.filter(({ type }) => /LOOP|BURST/.test(type)).map(({ agent_slug }) => agent_slug);
    expect(agents.sort()).toEqual(['faulty', 'looper']);
  });

  test('stay one for each type and subject, seen again and told once in the ledger', async () => {
    const again = await waitFor(
      async () => {
        const found = await signalsOf(gateway.admin);
        return found.every(({ times_seen }) => times_seen >= 3) && found;
      },
      { interval_ms: 500, what: 'that all are seen again' },
    );
    expect(keysOf(again)).toEqual([...new Set(keysOf(again))]);
    expect(keysOf(again)).toEqual(expect.arrayContaining(keysOf(first)));
    for (const { times_seen, last_day } of again) expect(last_day.reduce((all, n) => all + n, 0)).toBe(times_seen);
    const entries = await gateway.rows("select object_id from audit_ledger where event = 'SIGNAL_RAISED'");
    expect(entries.map(({ object_id }) => object_id).sort()).toEqual(again.map(({ id }) => id).sort());
  });

  test('name everything that is watched', async () => {
    const { watching } = expectStatus(200, await gateway.admin.get<SignalList>('/api/v1/activity/signals'));
    expect(watching.map(({ type }) => type)).toEqual([...signal_names]);
    expect(watching.find(({ type }) => type === 'ERROR_BURST')?.watches).toContain('10 calls');
  });

  test('are resolved by themselves when their condition has passed, and only then', async () => {
    const price = {
      provider: 'mock',
      model: 'mock-unknown-price',
      input_usd_per_million: 1,
      output_usd_per_million: 1,
    };
    expectStatus(201, await gateway.admin.post('/api/v1/prices', { ...price, reason: 'it has one now' }));
    const ahead_ms = 10 * 60_000;
    await Promise.all(Array.from({ length: 6 }, () => worker.run(watch_signals, ahead_ms)));
    const resolved = await signalsOf(gateway.admin, '&status=resolved');
    const types = new Set(resolved.map(({ type }) => type));
    expect([...types].sort()).toEqual(
      expect.arrayContaining(['ERROR_BURST', 'LIKELY_LOOP', 'PROVIDER_DEGRADED', 'UNKNOWN_PRICE']),
    );
    for (const type of ['DEAD_CHANNEL', 'SHADOW_WOULD_BLOCK', 'UNBOUND_IDENTITY']) expect(types).not.toContain(type);
    const entries = await gateway.rows("select object_id from audit_ledger where event = 'SIGNAL_RESOLVED'");
    expect(entries).toHaveLength(resolved.length);
    await call('faulty', 'mock-error-500');
    expect((await signalsOf(gateway.admin, '&type=ERROR_BURST&status=open')).length).toBe(0);
  });

  test('tell an agent that spends much more in an hour than in those before', async () => {
    const dear = { provider: 'mock', model: 'mock-large', input_usd_per_million: 0, output_usd_per_million: 5_000 };
    expectStatus(201, await gateway.admin.post('/api/v1/prices', { ...dear, reason: 'a dear one' }));
    expectStatus(200, await call('spender', 'mock-large', 1_000));
    await gateway.untilSettled();
    const next_hour_ms = Math.ceil(Date.now() / hour_ms) * hour_ms;
    const before = [5, 4, 3, 2].map((hours) => new Date(next_hour_ms - hours * hour_ms).toISOString());
    await gateway.rows(
      `insert into call_sums select tenant_id, 'hour', start, project_id, id, 'mock', 'mock-large', 1, 0, 0, 1, 1, 0.05,
        '{1}', '{1}' from agents, unnest($1::timestamptz[]) start where slug = 'spender'`,
      [before],
    );
    const ahead_ms = next_hour_ms + 11 * 60_000 - Date.now();
    await worker.run(sum_calls, ahead_ms);
    await worker.run(watch_signals, ahead_ms);
    const [jump] = await signalsOf(gateway.admin, '&type=BURN_RATE_JUMP');
    expect(jump?.text).toMatch(
      /^spender spent \$[1-9]\.\d\d in the hour from .*, after \$0\.05 an hour in the 4 hours before\.$/,
    );
    expect([jump?.agent_slug, jump?.severity]).toEqual(['spender', 'MEDIUM']);
  });
});
