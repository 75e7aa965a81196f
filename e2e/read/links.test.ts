import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, expectStatus, type PolicyBody } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway, wires } from '../parts/gateway.ts';

interface Contribution {
  policy_id: string;
  control_id: string;
  fired: boolean;
  verdict: string;
  used: number | string | null;
  requested: number | string | null;
  limit: number | string | null;
  reason: string;
}
interface Decision {
  id: string;
  url: string;
  derived: boolean;
  verdict: string;
  run_id: string;
  step_id: string;
  trace_id: string;
  record_id: string | null;
  policy_id: string | null;
  policy_snapshot_id: string;
  incident_ids: string[];
  contributions: Contribution[];
}
type Id = { id: string; url: string };
type Run = Id & {
  trace_id: string;
  incident_ids: string[];
  agent_slug: string;
  steps_count: number;
  violation_policy_id: string;
  totals: Record<string, number | string>;
  links: Record<string, string>;
  trace: Id & {
    run_id: string;
    incident_id: string;
    summary: { steps_total: number; violation: { policy_id: string } };
  };
};
type Step = Id & { trace_id: string; run_id: string; decision_id: string; record_id: string | null; status: string };
type Incident = Id & {
  source_run_id: string;
  violation_policy_id: string;
  trace_id: string;
  decision_id: string;
  policy_name: string;
  policy_url: string;
  violations: (Id & { step_id: string; decision_id: string; incident_id: string })[];
};
type Record_ = Id & {
  run_id: string;
  trace_id: string;
  step_id: string;
  decision_id: string;
  policy_snapshot_id: string;
};

/** Two calls of one session: the first passes under a limit of one call, the second is refused. */
let gateway: Gateway;
let admin: Api;
let policy: PolicyBody;
let run: Run;
let allowed: { decision: string };
let refused: { decision: string };
const get = async <T>(path: string): Promise<T> => expectStatus(200, await admin.get<T>(path));

beforeAll(async () => {
  gateway = await startGateway();
  admin = gateway.admin;
  const limit = { type: 'requests', max: 1, window: { per: 'day' }, count_per: 'together' };
  policy = await limitAgent(gateway, 'linked', { limit, action: 'block' });
  const headers = { 'x-aos-agent-id': 'linked', 'x-aos-session-id': 'linked' };
  const call = () => admin.post(wires.chat.path, wires.chat.body({}), { headers });
  const [first, second] = [await call(), await call()];
  expect([first.status, second.status]).toEqual([200, 402]);
  await gateway.untilSettled();
  allowed = { decision: first.headers.get('x-aos-decision-id') ?? '' };
  refused = { decision: second.headers.get('x-aos-decision-id') ?? '' };
  run = await get<Run>(`/api/v1/runs/${first.headers.get('x-aos-run-id')}`);
  expect(second.headers.get('x-aos-run-id')).toBe(run.id);
});
afterAll(() => gateway?.stop());

test('a run leads to its trace, steps, decisions, records, incident, policy and ledger', async () => {
  expect(run).toMatchObject({ agent_slug: 'linked', steps_count: 2, violation_policy_id: policy.id });
  expect(run.totals).toMatchObject({ calls: 2, refused_calls: 1, decisions: 1, violations: 1, incidents: 1 });
  expect(run.trace).toMatchObject({ id: run.trace_id, run_id: run.id, incident_id: run.incident_ids[0] });
  expect(run.trace.summary).toMatchObject({ steps_total: 2, violation: { policy_id: policy.id } });
  expect(run.url).toBe(`${gateway.server.url}/runs/${run.id}`);
  const lists = Object.entries(run.links).filter(([name]) => name !== 'trace');
  for (const [name, path] of lists) {
    const { items } = await get<{ items: unknown[] }>(path);
    expect([name, items.length > 0]).toEqual([name, true]);
  }
  const { items } = await get<{ items: Run[] }>('/api/v1/activity/live?agent=linked&session=linked');
  expect(items).toMatchObject([{ id: run.id, incident_ids: run.incident_ids }]);
});

test('a trace and its steps lead back to the run, and on to decisions and records', async () => {
  const trace = await get<Id & { run_id: string; incident_id: string; steps: Step[] }>(`/api/v1/runs/${run.id}/trace`);
  expect(trace).toMatchObject({ id: run.trace_id, run_id: run.id, incident_id: run.incident_ids[0] });
  expect(trace.steps.map((step) => step.status)).toEqual(['succeeded', 'blocked']);
  const [passed, blocked] = trace.steps;
  expect([passed?.decision_id, blocked?.decision_id]).toEqual([allowed.decision, refused.decision]);
  expect(blocked?.record_id).toBeNull();
  const record = await get<Record_>(`/api/v1/logs/llm-runs/${passed?.record_id}`);
  expect(record).toMatchObject({
    run_id: run.id,
    trace_id: trace.id,
    step_id: passed?.id,
    decision_id: allowed.decision,
  });
  for (const step of trace.steps)
    expect(step).toMatchObject({ run_id: run.id, trace_id: trace.id, url: `${run.url}?step=${step.id}` });
});

test('an incident leads to its run, trace, policy, decision and violations', async () => {
  const incident = await get<Incident>(`/api/v1/incidents/${run.incident_ids[0]}`);
  expect(incident).toMatchObject({
    source_run_id: run.id,
    trace_id: run.trace_id,
    violation_policy_id: policy.id,
    decision_id: refused.decision,
    policy_name: policy.name,
    policy_url: `${gateway.server.url}/policies/${policy.id}`,
    url: `${gateway.server.url}/incidents/${run.incident_ids[0]}`,
  });
  expect(incident.violations).toMatchObject([{ incident_id: incident.id, decision_id: refused.decision }]);
  const timeline = await get<{ items: { id: string; at: string; event: string; level: string }[] }>(
    `/api/v1/incidents/${incident.id}/timeline`,
  );
  const events = timeline.items.map((entry) => entry.event);
  expect(events).toEqual(
    expect.arrayContaining(['POLICY_CREATED', 'POLICY_ACTIVATED', 'LIMIT_BREACHED', 'INCIDENT_CREATED']),
  );
  const times = timeline.items.map((entry) => entry.at);
  expect(times).toEqual([...times].sort());
  expect(timeline.items.filter(({ level }) => level === 'story').map(({ event }) => event)).toEqual(
    expect.arrayContaining(['LIMIT_BREACHED', 'INCIDENT_CREATED']),
  );
  expect(events).toContain('VIOLATION');
});

describe('a decision', () => {
  test('that refused is shown as it was stored', async () => {
    const decision = await get<Decision>(`/api/v1/decisions/${refused.decision}`);
    expect(decision).toMatchObject({
      derived: false,
      verdict: 'block',
      policy_id: policy.id,
      run_id: run.id,
      trace_id: run.trace_id,
      record_id: null,
      incident_ids: run.incident_ids,
      url: `${gateway.server.url}/d/${refused.decision}`,
    });
    expect(decision.contributions).toMatchObject([
      { policy_id: policy.id, fired: true, verdict: 'block', used: 1, requested: 1, limit: 1 },
    ]);
  });

  test('that let a call pass is derived from its record, in the same shape', async () => {
    const decision = await get<Decision>(`/api/v1/decisions/${allowed.decision}`);
    const stored = await get<Decision>(`/api/v1/decisions/${refused.decision}`);
    expect(Object.keys(decision).sort()).toEqual(Object.keys(stored).sort());
    expect(decision).toMatchObject({
      derived: true,
      verdict: 'continue',
      policy_id: null,
      run_id: run.id,
      incident_ids: [],
    });
    expect(decision.contributions).toMatchObject([
      { policy_id: policy.id, fired: false, verdict: 'continue', used: 0, requested: 1, limit: 1 },
    ]);
    expect(Object.keys(decision.contributions[0] ?? {})).toEqual(Object.keys(stored.contributions[0] ?? {}));
    const record = await get<Record_>(`/api/v1/logs/llm-runs/${decision.record_id}`);
    expect([record.decision_id, record.policy_snapshot_id]).toEqual([decision.id, decision.policy_snapshot_id]);
  });

  test('of a run stands in its list whether it was stored or is derived', async () => {
    const path = `/api/v1/runs/${run.id}/decisions`;
    const { items, total } = await get<{ items: Decision[]; total: number }>(path);
    expect([items.map((item) => item.id), total]).toEqual([[refused.decision, allowed.decision], 2]);
    const first = await get<{ items: Decision[]; next_cursor: string }>(`${path}?limit=1`);
    const second = await get<{ items: Decision[]; next_cursor: null }>(`${path}?limit=1&cursor=${first.next_cursor}`);
    expect([first.items[0], second.items[0], second.next_cursor]).toEqual([...items, null]);
  });
});

test('the ledger is found by event, by how an event begins, by object and by who did it', async () => {
  const entries = async (query: string) =>
    (await get<{ items: { event: string; object_id: string; actor_id: string }[] }>(`/api/v1/logs/audit?${query}`))
      .items;
  const of_policy = await entries(`policy=${policy.id}&event=POLICY_*`);
  expect(of_policy.map((entry) => entry.event).sort()).toEqual(['POLICY_ACTIVATED', 'POLICY_CREATED']);
  // What it refused is about it as well.
  expect((await entries(`policy=${policy.id}`)).map((entry) => entry.event)).toContain('LIMIT_BREACHED');
  expect(await entries(`policy=${policy.id}&event=POLICY_ACTIVATED`)).toHaveLength(1);
  expect(await entries(`policy=${policy.id}&event=RUN_*`)).toEqual([]);
  expect((await entries('event=INCIDENT_*')).map((entry) => entry.object_id)).toEqual(run.incident_ids);
  expect(await entries(`policy=${policy.id}&event=POLICY_*&actor=${of_policy[0]?.actor_id}`)).toEqual(of_policy);
});
