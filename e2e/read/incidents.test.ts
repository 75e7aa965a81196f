import { makeId } from '@aos/server/base/deps.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startApp, type TestApp } from '../http/app.ts';
import { type Api, api, expectStatus } from '../parts/client.ts';
import { firstProject, incidentRow, openRows, type Rows, runRow, type Whose } from './rows.ts';

interface Group {
  grouped_by: string[];
  key: { violation_policy_id?: string; agent_id?: string | null; category?: string };
  incidents: number;
  open: number;
  resolved: number;
  occurrences: number;
  severity: string;
  latest_incident_id: string;
  url: string;
}
interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
  total: number | null;
}

let app: TestApp;
let rows: Rows;
let admin: Api;
let whose: Whose;
beforeAll(async () => {
  app = await startApp();
  rows = await openRows(app.database.url);
  admin = api(app);
  whose = await firstProject(rows);
});
afterAll(async () => {
  await rows?.close();
  await app?.close();
});
beforeEach(() => rows.query('delete from incidents'));

const path = '/api/v1/incidents';
const policies = [makeId('policy'), makeId('policy')];
const agents = [makeId('agent'), null];
const severities = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

const one = fc.record({
  policy: fc.constantFrom(...policies),
  agent_id: fc.constantFrom(...agents),
  category: fc.constantFrom('BUDGET_EXCEEDED', 'RATE_LIMIT'),
  severity: fc.constantFrom(...severities),
  status: fc.constantFrom('open', 'acknowledged', 'resolved'),
  occurrences: fc.integer({ min: 1, max: 9 }),
});
const keys = { policy: 'violation_policy_id', agent: 'agent_id', category: 'category' } as const;

test('groups hold every incident once, whatever they are grouped by and however the pages are turned', async () => {
  const by = fc.subarray(Object.keys(keys) as (keyof typeof keys)[], { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { maxLength: 40 }),
      by,
      fc.integer({ min: 1, max: 5 }),
      async (made, grouping, limit) => {
        await rows.query('delete from incidents');
        const now = Date.now() - 60_000;
        const incidents = made.map(({ policy, ...more }, n) => incidentRow(runRow(whose, now + n), policy, more));
        await rows.insert('incidents', incidents);
        const groups: Group[] = [];
        for (let cursor: string | null = ''; cursor !== null; ) {
          const query: string = `group=${grouping.join(',')}&limit=${limit}${cursor && `&cursor=${cursor}`}`;
          const page: Page<Group> = expectStatus(200, await admin.get<Page<Group>>(`${path}?${query}`));
          groups.push(...page.items);
          cursor = page.next_cursor;
          // What comes while pages are turned neither moves nor repeats a group.
          await rows.insert('incidents', [incidentRow(runRow(whose, now + 1_000 + groups.length), policies[0] ?? '')]);
        }
        const nameOf = (of: object) =>
          JSON.stringify(grouping.map((name) => (of as Record<string, unknown>)[keys[name]]));
        expect(new Set(groups.map(({ key }) => nameOf(key))).size).toBe(groups.length);
        for (const group of groups) {
          const mine = incidents.filter((incident) => nameOf(incident) === nameOf(group.key));
          const worst = Math.max(...mine.map((incident) => severities.indexOf(incident.severity)));
          expect(group).toMatchObject({
            grouped_by: Object.keys(keys).filter((name) => grouping.includes(name as keyof typeof keys)),
            incidents: mine.length,
            open: mine.filter((incident) => incident.status === 'open').length,
            resolved: mine.filter((incident) => incident.status === 'resolved').length,
            occurrences: mine.reduce((all, incident) => all + incident.occurrences, 0),
            severity: severities[worst],
            latest_incident_id: mine
              .map((incident) => incident.id)
              .sort()
              .at(-1),
          });
        }
        expect(groups.reduce((all, group) => all + group.incidents, 0)).toBe(incidents.length);
      },
    ),
    { numRuns: 25 },
  );
});

test('filters narrow incidents and their groups alike', async () => {
  const now = Date.now() - 60_000;
  const incidents = severities.map((severity, n) =>
    incidentRow(runRow(whose, now + n), policies[n % 2] ?? '', { severity }),
  );
  await rows.insert('incidents', incidents);
  const list = async (query: string) =>
    expectStatus(200, await admin.get<Page<{ id: string } & Group>>(`${path}?${query}`));
  expect((await list('severity=HIGH,CRITICAL')).items.map((item) => item.id)).toEqual([
    incidents[3]?.id,
    incidents[2]?.id,
  ]);
  expect((await list(`policy=${policies[0]}`)).total).toBe(2);
  expect((await list(`run=${incidents[1]?.source_run_id}`)).items).toMatchObject([{ id: incidents[1]?.id }]);
  expect((await list(`policy=${policies[0]}&group=policy`)).items).toMatchObject([{ incidents: 2, severity: 'HIGH' }]);
  expect((await list('category=EXECUTION_FAILURE')).total).toBe(0);
});

test('incidents are narrowed to those that a type of control found', async () => {
  const now = Date.now() - 60_000;
  const one_of = (n: number) => incidentRow(runRow(whose, now + n), policies[0] ?? '');
  const [cost, tokens] = [one_of(0), one_of(1)];
  await rows.insert('incidents', [cost, tokens]);
  const found = (incident: ReturnType<typeof incidentRow>, control_type: string) => ({
    ...{ tenant_id: whose.tenant_id, id: makeId('violation'), run_id: incident.source_run_id },
    ...{ decision_id: makeId('decision'), policy_id: policies[0], policy_version: 1, control_id: makeId('control') },
    ...{ control_type, mode: 'enforce', action: 'block', category: 'BUDGET_EXCEEDED', severity: 'LOW', subject: '*' },
    ...{ is_synthetic: false, occurred_at: new Date(now).toISOString(), incident_id: incident.id },
  });
  await rows.insert('violations', [found(cost, 'cost_usd'), found(tokens, 'tokens_total')]);
  const ids = async (query: string) =>
    expectStatus(200, await admin.get<Page<{ id: string }>>(`${path}?${query}`)).items.map(({ id }) => id);
  expect(await ids('detector=cost_usd')).toEqual([cost.id]);
  expect((await ids('detector=cost_usd,tokens_total')).length).toBe(2);
  expect(await ids('detector=model_access')).toEqual([]);
});

test('runs without a problem are listed when asked for, and in no other list', async () => {
  const at = Date.now() - 60_000;
  const good = runRow(whose, at);
  const bad = runRow(whose, at + 1, {
    status: 'failed_policy',
    termination_reason: 'POLICY_BLOCK',
    outcome_record: 'BLOCKED',
  });
  const open = runRow(whose, at + 2, {
    status: 'running',
    termination_reason: null,
    outcome_record: null,
    ended_at: null,
  });
  await rows.insert('runs', [good, bad, open]);
  const list = async (query: string) => expectStatus(200, await admin.get<Page<object>>(`${path}?${query}`));
  expect((await list('category=EXECUTION_SUCCESS')).items).toMatchObject([
    { id: good.id, source_run_id: good.id, category: 'EXECUTION_SUCCESS', outcome_record: 'SUCCESS' },
  ]);
  expect((await list('')).total).toBe(0);
  for (const query of [
    'category=EXECUTION_SUCCESS&status=open',
    'category=EXECUTION_SUCCESS,RATE_LIMIT',
    'category=EXECUTION_SUCCESS&group=policy',
  ])
    expect([query, (await admin.get(`${path}?${query}`)).status]).toEqual([query, 400]);
});
