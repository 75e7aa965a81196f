import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Api, api, expectStatus, makePolicy } from '../../../e2e/parts/client.ts';
import { dear_tiers } from './cap-calls.ts';
import { type Installation, setPrice } from './installation.ts';

/** A place outside that counts what steps of runs do there, by path. */
export interface Receipts {
  url: string;
  /** Requests that arrived, by path. */
  seen: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

export async function openReceipts(): Promise<Receipts> {
  const seen = new Map<string, number>();
  const server = http.createServer((req, res) => {
    const path = req.url ?? '/';
    seen.set(path, (seen.get(path) ?? 0) + 1);
    req.resume();
    req.on('end', () => res.setHeader('content-type', 'application/json').end('{"ok":true}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const agent = 'campaign-runner';
const model = 'gpt-4o-mini';

/** What the processes of a campaign of runs are started with, beside their roles. */
export const run_env = { AOS_SUSPECT_SECONDS: '2', AOS_OUTBOUND_ALLOW: '127.0.0.1' };

/** An agent that may send requests, a price, and limits that are counted by every call and reached by none. */
export async function prepareRunSite(admin: Api): Promise<void> {
  await setPrice(admin, 'openai', model, dear_tiers);
  const skills = ['llm', 'http', 'transform', 'wait'];
  expectStatus(201, await admin.post('/api/v1/agents', { slug: agent, skills, default_model: model }));
  const day = { per: 'day', timezone: 'UTC' };
  const limits = [
    { type: 'cost_usd', max: '100000', window: day },
    { type: 'tokens_total', max: 1_000_000_000, window: day, count_per: 'agent' },
    { type: 'requests', max: 1_000_000, window: { per: 'hour' } },
    { type: 'concurrency', max: 500 },
    { type: 'concurrency', max: 5_000, counts: 'runs' },
  ];
  const controls = limits.map((limit) => ({ limit, action: 'block' }));
  await makePolicy(admin, { name: 'All runs', target: { kind: 'all_runs' }, controls });
}

/**
 * A run whose every effect outside can be counted: two steps of a model, a request that may be repeated, one that may
 * not, and one step that does nothing outside. `label` stands in each of them.
 */
export function countedPlan(label: string, receipts: string, delay_ms: number) {
  const prompt = (step: string) => {
    const directive = { label: `${label}.${step}`, output_tokens: 12, input_tokens: 9, delay_ms };
    return `Answer for ${label}. stub: ${JSON.stringify(directive)}`;
  };
  const step = (id: string, skill: string, params: object, depends_on: string[] = []) => ({
    ...{ id, skill, params, depends_on, on_error: 'fail', retries: 0 },
  });
  return {
    steps: [
      step('ask', 'llm', { prompt: prompt('ask'), max_tokens: 30 }),
      step('read', 'http', { url: `${receipts}/read/${label}` }),
      step('write', 'http', { url: `${receipts}/write/${label}`, method: 'POST', body: { label } }, ['ask']),
      step('shape', 'transform', { input: { $from: 'read' }, expression: '@' }, ['read']),
      step('sum', 'llm', { prompt: prompt('sum'), max_tokens: 30 }, ['write', 'shape']),
    ],
  };
}

/** Asks for a run; answers its id. */
export async function askRun({ servers }: Installation, plan: object, label: string): Promise<string> {
  const [first] = servers;
  if (!first) throw new Error('no process that could be asked');
  const answer = await api(first).post<{ id: string }>('/api/v1/runs', { goal: label, agent_id: agent, plan });
  return expectStatus(202, answer).id;
}
