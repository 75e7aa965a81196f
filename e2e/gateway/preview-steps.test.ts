import type { StepsTold } from '@aos/core/activity/reported-step.ts';
import type { PreviewResult } from '@aos/core/api/previews.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectStatus, makePolicy, waitFor } from '../parts/client.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const step = (kind: string, name: string, through_gateway = false) => {
  const now_ms = Date.now();
  const [started_at, ended_at] = [now_ms - 5, now_ms].map((at) => new Date(at).toISOString());
  return { kind, name, through_gateway, started_at, ended_at };
};

/** What one agent did by itself, in two reports. The gateway has seen one call of a model and one result of a tool. */
const reports = () => [
  [step('tool', 'search'), step('tool', 'search'), step('llm', 'chat', true), step('llm', 'own-model')],
  [step('tool', 'read'), step('tool', 'seen', true), step('retrieval', 'handbook'), step('tool', 'write')],
];

async function told(agent_id: string): Promise<string[]> {
  const run = { goal: 'to report', agent_id, mode: 'external' };
  const { id } = expectStatus(202, await gateway.admin.post<{ id: string }>('/api/v1/runs', run));
  const decisions = [];
  for (const steps of reports()) {
    const answer = await gateway.admin.post<StepsTold>(`/api/v1/runs/${id}/steps`, { steps });
    decisions.push(...expectStatus(200, answer).items.map(({ decision }) => decision));
  }
  return decisions;
}

async function preview(policy: object): Promise<PreviewResult> {
  const asked = await gateway.admin.post<{ id: string }>('/api/v1/policies/preview', { policy, window: { hours: 1 } });
  return waitFor(async () => {
    const path = `/api/v1/policies/previews/${asked.body.id}`;
    const { body } = await gateway.admin.get<{ status: string; result: PreviewResult }>(path);
    return body.status === 'ready' && body.result;
  });
}

const limited = (agent: string, type: string, max: number) => ({
  name: `${type} of ${agent}`,
  target: { kind: 'agent', ids: [agent] },
  controls: [{ limit: { type, max, window: { per: 'run' } }, action: 'block' }],
});

test.each([
  ['steps', 4, 3],
  ['tool_calls', 1, 3],
  ['steps', 7, 0],
] as const)(
  'a limit of %s on reported steps is previewed as it is enforced (at most %i)',
  async (type, max, stopped) => {
    const [past, live] = [`past-${type}-${max}`, `live-${type}-${max}`];
    expect(new Set(await told(past))).toEqual(new Set(['continue']));
    const seen = await preview(limited(past, type, max));
    await makePolicy(gateway.admin, limited(live, type, max));
    const enforced = (await told(live)).filter((decision) => decision === 'block');
    expect([seen.affected.blocked.calls, enforced.length]).toEqual([stopped, stopped]);
    expect(seen.calls.matched).toBe(7);
  },
);

test('a step that a policy refused when it was told counts in no preview: it was not to be taken', async () => {
  await makePolicy(gateway.admin, limited('refused', 'steps', 2));
  expect((await told('refused')).filter((decision) => decision === 'block')).toHaveLength(5);
  expect((await preview(limited('refused', 'steps', 1))).affected.blocked.calls).toBe(1);
});
