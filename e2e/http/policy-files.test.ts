import type { PolicyObject } from '@aos/core/api/policies.ts';
import type { PlannedObject } from '@aos/core/api/policy-files.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Api, api, expectStatus, type KeyBody, makeKey } from '../parts/client.ts';
import { startApp, type TestApp } from './app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.close());

/** The owner of a tenant of its own for each test. */
let admin: Api;
let tenants = 0;
beforeEach(async () => {
  const slug = `tenant-${tenants++}`;
  const made = await api(app).post<{ api_key: KeyBody }>('/api/v1/tenants', { slug });
  admin = api(app, expectStatus(201, made).api_key.secret);
});

interface Plan {
  dry_run: boolean;
  counts: Record<PlannedObject['action'], number>;
  policies: PlannedObject[];
  not_sent: { slug: string }[];
}
interface Drift {
  items: { slug: string; drifted: boolean; changes: { words: string }[]; origin: string | null; policy_id: string }[];
}

const daily = `# The bots may spend this much.
name: Support bot daily cap
owner: team-support
target: { kind: agent, ids: [support-bot] }
controls:
  - limit: { type: cost_usd, max: 50, window: { per: day } }
    action: block
`;
const rates = `name: Requests
target: { kind: all_runs }
mode: shadow
controls:
  - limit:
      type: requests
      max: 60
      window: { per: minute }
      count_per: api_key
    action: warn
`;
const both = `${daily}---\n${rates}`;

const apply = async (body: object): Promise<Plan> =>
  expectStatus(200, await admin.post<Plan>('/api/v1/policies/apply', { reason: 'Q4 limits', ...body }));
const refusal = async (body: object): Promise<string> => {
  const { status, text } = await admin.post('/api/v1/policies/apply', { reason: 'Q4 limits', ...body });
  return `${status} ${(JSON.parse(text) as { error?: { message: string } }).error?.message}`;
};
const actions = ({ policies }: Plan) => policies.map(({ slug, action, status }) => `${slug} ${action} ${status}`);
const policyOf = async (plan: Plan, n = 0): Promise<PolicyObject> =>
  expectStatus(200, await admin.get<PolicyObject>(`/api/v1/policies/${plan.policies[n]?.policy_id}`));
const total = async (): Promise<number> => (await admin.get<{ total: number }>('/api/v1/policies')).body.total;

describe('applying files', () => {
  test('makes what they say, once: the same files again change nothing', async () => {
    const made = await apply({ yaml: both });
    expect(made.counts).toEqual({ create: 2, update: 0, unchanged: 0, retire: 0 });
    expect(actions(made)).toEqual(['support-bot-daily-cap create active', 'requests create active']);
    expect(await policyOf(made)).toMatchObject({
      status: 'active',
      source: 'file',
      owner: 'team-support',
      managed_by: { slug: 'support-bot-daily-cap', drifted: false },
    });
    expect(await policyOf(made, 1)).toMatchObject({ status: 'active', mode: 'shadow' });
    const again = await apply({ yaml: both });
    expect(again.counts).toEqual({ create: 0, update: 0, unchanged: 2, retire: 0 });
    expect((await policyOf(again)).version).toBe((await policyOf(made)).version);
    const moved = await apply({
      files: [
        { path: 'b.yaml', text: rates },
        {
          path: 'a.json',
          text: JSON.stringify({
            name: 'support bot: daily cap',
            target: { kind: 'agent', ids: ['support-bot'] },
            owner: 'team-support',
            controls: [{ limit: { type: 'cost_usd', max: '50.00', window: { per: 'day' } }, action: 'block' }],
          }),
        },
      ],
    });
    expect(actions(moved)).toEqual(['requests unchanged active', 'support-bot-daily-cap update active']);
    expect(moved.policies[1]?.changes.map(({ words }) => words)).toEqual([
      'Name: "Support bot daily cap" becomes "support bot: daily cap"',
    ]);
  });

  test('changes what changed, keeps the balance of a limit whose cap is raised, and says field by field what it does', async () => {
    const made = await apply({ yaml: both });
    const before = await policyOf(made);
    const planned = await apply({
      yaml: both.replace('max: 50', 'max: 60').replace('shadow', 'enforce'),
      dry_run: true,
    });
    expect(planned).toMatchObject({ dry_run: true, counts: { create: 0, update: 2, unchanged: 0, retire: 0 } });
    const words = planned.policies.flatMap((of) => of.changes.map((change) => change.words));
    expect(words).toEqual(['Limit on cost: at most: $50.00 becomes $60.00', 'Mode: shadow becomes enforced']);
    expect(await policyOf(made)).toEqual(before);
    const applied = await apply({ yaml: both.replace('max: 50', 'max: 60').replace('shadow', 'enforce') });
    expect({ ...applied, dry_run: true, policies: [] }).toEqual({ ...planned, policies: [] });
    const after = await policyOf(applied);
    expect(after.controls[0]?.id).toBe(before.controls[0]?.id);
    expect(after.version).toBe(before.version + 1);
    const ledger = await admin.get<{ items: { event: string; reason: string; object_id: string }[] }>(
      '/api/v1/logs/audit',
    );
    expect(ledger.body.items.filter((of) => of.object_id === after.id)[0]).toMatchObject({
      event: 'POLICY_UPDATED',
      reason: 'Q4 limits',
    });
  });

  test('takes out of force what a file says is not, and never what it does not name, but with prune', async () => {
    await apply({ yaml: both });
    const disabled = await apply({ yaml: `status: disabled\n${daily}` });
    expect(actions(disabled)).toEqual(['support-bot-daily-cap update disabled']);
    expect(disabled.not_sent).toMatchObject([{ slug: 'requests' }]);
    expect((await apply({ yaml: `status: draft\n${daily}` })).counts.unchanged).toBe(1);
    const manual = await admin.post('/api/v1/policies', {
      name: 'By hand',
      target: { kind: 'all_runs' },
      controls: [{ limit: { type: 'concurrency', max: 9 }, action: 'block' }],
    });
    expectStatus(201, manual);
    const pruned = await apply({ yaml: daily, prune: true });
    expect(actions(pruned)).toEqual(['support-bot-daily-cap update active', 'requests retire retired']);
    expect((await policyOf(pruned, 1)).retired_reason).toBe('Q4 limits');
    expect((await admin.get<{ items: PolicyObject[] }>('/api/v1/policies?status=draft')).body.items).toHaveLength(1);
    expect(await refusal({ yaml: '# nothing', prune: true })).toContain('prune would retire every one');
    const anew = await apply({ yaml: both });
    expect(actions(anew)).toEqual(['support-bot-daily-cap unchanged active', 'requests create active']);
    const draft = await apply({ yaml: `status: draft\n${rates.replace('Requests', 'Later')}` });
    expect(actions(draft)).toEqual(['later create draft']);
  });

  test('what was changed by hand is reported as drift, and put right by the next apply', async () => {
    const made = await apply({ files: [{ path: 'policies/prod.yaml', text: both }], origin: '3f2c1' });
    const drift = async (query = '') =>
      expectStatus(200, await admin.get<Drift>(`/api/v1/policies/drift${query}`)).items;
    expect((await drift()).map(({ slug, drifted }) => [slug, drifted])).toEqual([
      ['support-bot-daily-cap', false],
      ['requests', false],
    ]);
    expect(await drift('?drifted=true')).toEqual([]);
    const policy = await policyOf(made);
    expect(policy.managed_by?.origin).toBe('policies/prod.yaml@3f2c1');
    const edited = { name: policy.name, owner: 'me', target: policy.target, controls: policy.controls };
    expectStatus(200, await admin.put(`/api/v1/policies/${policy.id}`, { ...edited, reason: 'in a hurry' }));
    expectStatus(200, await admin.post(`/api/v1/policies/${policy.id}/disable`, { reason: 'in a hurry' }));
    expect((await policyOf(made)).managed_by?.drifted).toBe(true);
    const [found] = await drift('?drifted=true');
    expect(found?.changes.map(({ words }) => words)).toEqual([
      'Status: active becomes disabled',
      'Owner: "team-support" becomes "me"',
    ]);
    const back = await apply({ yaml: both });
    expect(back.policies[0]).toMatchObject({
      action: 'update',
      drifted: true,
      status_before: 'disabled',
      status: 'active',
    });
    expect(await drift('?drifted=true')).toEqual([]);
    // What was put in force by hand, and stands in its file since, is as its file says.
    const later = rates.replace('Requests', 'Later');
    const draft = await apply({ yaml: `status: draft\n${later}` });
    const activated = await admin.post(`/api/v1/policies/${draft.policies[0]?.policy_id}/activate`, { reason: 'seen' });
    expectStatus(200, activated);
    expect((await drift('?drifted=true')).map(({ slug }) => slug)).toEqual(['later']);
    const same = await apply({ yaml: later, origin: '4a0e7' });
    expect(same.policies[0]).toMatchObject({ action: 'unchanged', drifted: false });
    expect(await drift('?drifted=true')).toEqual([]);
    expect((await policyOf(draft)).managed_by).toMatchObject({ drifted: false, origin: '4a0e7' });
  });

  test('is all or nothing: every mistake is named with its file, line, path and the nearest choice', async () => {
    const bad = both.replace('action: warn', 'action: wran').replace('kind: agent', 'kind: agnet');
    const told = await refusal({
      files: [
        { path: 'prod.yaml', text: bad },
        { path: 'more.yaml', text: daily.replace('Support', 'Other') },
      ],
    });
    expect(told).toContain('400 The policies are not accepted: prod.yaml line 4: target.kind is "agnet", but must be');
    expect(told).toContain('(did you mean "agent"?)');
    expect(told).toContain('prod.yaml line 18: controls[0].action is "wran"');
    expect(await refusal({ yaml: daily.replace('owner:', 'onwer:') })).toContain(
      'yaml line 3: onwer is not known here (did you mean "owner"?)',
    );
    expect(await refusal({ yaml: daily.replace('    action: block\n', '') })).toContain(
      'yaml line 6: controls[0].action is missing',
    );
    expect(await refusal({ yaml: `${daily}---\n${daily}` })).toContain(
      'yaml line 10: name is the name of the policy at yaml line 2 too',
    );
    expect(await refusal({ yaml: 'name: [' })).toContain('yaml line 1: is no YAML');
    expect(await refusal({ yaml: 'name: a\nname: b' })).toContain('is no YAML: Map keys must be unique');
    expect(await refusal({ yaml: `- ${daily.replaceAll('\n', '\n  ')}\n- 7\n` })).toContain(
      'must be an object, but is a number',
    );
    expect(await refusal({ documents: [{ name: 'x' }] })).toContain('documents[0]: target is missing');
    expect(await refusal({ yaml: `${rates}expires_at: 2020-01-01T00:00:00.000Z\n` })).toContain(
      'expires_at (2020-01-01T00:00:00.000Z) has passed',
    );
    expect(await refusal({ yaml: daily, documents: [] })).toContain('send the policies in one of the three forms');
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`;
    expect(await refusal({ yaml: bomb })).toContain('Excessive alias count');
    expect(await total()).toBe(0);
  });

  test('warns of files that overshadow each other', async () => {
    const wide = rates
      .replace('shadow', 'enforce')
      .replace('warn', 'block')
      .replace('max: 60', 'max: 10')
      .replace('Requests', 'Fewer');
    const planned = await apply({
      yaml: `${wide}---\n${rates.replace('shadow', 'enforce').replace('warn', 'block')}`,
      dry_run: true,
    });
    expect(planned.policies.map(({ warnings }) => warnings.length)).toEqual([0, 1]);
    expect(planned.policies[1]?.warnings[0]).toContain(
      'because policy "Fewer" (fewer) refuses calls beyond 10 per minute',
    );
  });

  test('needs the right to activate for what is or becomes active; a plan may be made without it', async () => {
    const author = api(app, (await makeKey(admin, { role: 'policy_author' })).secret);
    const body = { yaml: daily, reason: 'a test' };
    expectStatus(200, await author.post('/api/v1/policies/apply', { ...body, dry_run: true }));
    expect((await author.post('/api/v1/policies/apply', body)).status).toBe(403);
    expect(await total()).toBe(0);
    expectStatus(200, await author.post('/api/v1/policies/apply', { ...body, yaml: `status: draft\n${daily}` }));
    expect(await total()).toBe(1);
  });
});

interface Report {
  passed: number;
  failed: number;
  results: { name: string; passed: boolean; message: string | null; decision: string | null; control: string | null }[];
}

describe('testing policies with cases', () => {
  const test_policies = async (body: object): Promise<Report> =>
    expectStatus(200, await admin.post<Report>('/api/v1/policies/test', { yaml: both, ...body }));
  const call = { agent: 'support-bot', model: 'mock-small', input_tokens: 10, max_output_tokens: 10 };
  const fails = async (expected: object, more: object = {}) => {
    const given = { ...call, cost_usd: '1', ...more };
    return (await test_policies({ cases: [{ given, expect: expected }] })).results[0]?.message;
  };

  test('decides each over the usage it gives: reaching the limit is allowed, the next unit is not', async () => {
    const cases_yaml = `
- name: reaches the limit exactly
  given: { agent: support-bot, model: mock-small, cost_usd: 1, usage: { support-bot-daily-cap.cost_usd: 49 } }
  expect: { decision: continue }
- name: goes beyond it
  given: { agent: support-bot, model: mock-small, cost_usd: 1, usage: { cost_usd: "49.000000001" } }
  expect: { decision: block, control: support-bot-daily-cap, code: budget_exceeded }
- name: another agent
  given: { agent: other, model: mock-small, cost_usd: 100 }
  expect: { decision: continue }
- name: by the price of the model
  given: { agent: support-bot, model: mock-expensive, input_tokens: 50000000, max_output_tokens: 10 }
  expect: { decision: block, control: support-bot-daily-cap.0 }
- name: no price, no pass
  given: { agent: support-bot, model: mock-unknown-price }
  expect: { decision: block, code: price_unknown }
- name: shadow is heard and not obeyed
  given: { agent: other, model: mock-small, api_key: key_1, usage: { requests: 60 } }
  expect: { decision: continue, shadow_decision: warn }
`;
    const timed = `name: Short runs
target: { kind: all_runs }
controls:
  - { limit: { type: duration, max: 60, window: { per: run } }, action: block }
  - { limit: { type: tool_calls, max: 5, window: { per: run } }, action: warn }
`;
    const of_time = (usage: object, decision: string) => ({
      given: { ...call, tool_results: 1, usage },
      expect: { decision },
    });
    const on_time = [
      of_time({ duration: 0 }, 'continue'),
      of_time({ duration: 60, tool_calls: 4 }, 'continue'),
      of_time({ tool_calls: 5 }, 'warn'),
      of_time({ 'short-runs.duration': 61 }, 'block'),
    ];
    expect((await test_policies({ yaml: timed, cases: on_time })).results.filter((of) => !of.passed)).toEqual([]);
    const report = await test_policies({ cases_yaml });
    expect(report.results.filter(({ passed }) => !passed)).toEqual([]);
    expect(report).toMatchObject({ passed: 6, failed: 0 });
    expect(await total()).toBe(0);
  });

  test('says of each that failed what was expected, what came, and why', async () => {
    expect(await fails({ decision: 'block' })).toBe('expected block, got continue');
    expect(await fails({ decision: 'continue' }, { cost_usd: 51 })).toMatch(
      /^expected continue, got block \(cost: 0\.0+ used and 0\.0+ reserved of 50/,
    );
    expect(await fails({ decision: 'block', control: 'requests' }, { cost_usd: 51 })).toContain(
      'expected requests to decide, but support-bot-daily-cap.cost_usd did',
    );
    expect(await fails({ decision: 'continue' }, { usage: { 'requets.requests': 1 } })).toBe(
      '"requets.requests" is no control here (did you mean "requests.requests"?)',
    );
    expect(await fails({ decision: 'continue' }, { usage: { cost_usd: 'much' } })).toContain('is no amount in usd');
  });

  test('may stand beside the policies in force, and a file takes the place of the policy that it made', async () => {
    await apply({ yaml: both });
    const cases = [{ given: { ...call, cost_usd: 55 }, expect: { decision: 'block' } }];
    const other = daily.replace('Support bot daily cap', 'Another').replace('max: 50', 'max: 1000');
    expect((await test_policies({ yaml: other, cases })).failed).toBe(1);
    expect((await test_policies({ yaml: other, cases, with_active: true })).passed).toBe(1);
    expect((await test_policies({ yaml: daily.replace('max: 50', 'max: 60'), cases, with_active: true })).failed).toBe(
      1,
    );
  });

  test('cases that cannot be read are refused with line, path and nearest choice', async () => {
    const { status, text } = await admin.post('/api/v1/policies/test', {
      yaml: both,
      cases_yaml: '- given: { model: x }\n  expcet: { decision: block }\n',
    });
    expect([status, text]).toEqual([
      400,
      expect.stringContaining('cases line 2: expcet is not known here (did you mean \\"expect\\"?)'),
    ]);
  });
});
