import type { Metrics } from '@aos/core/activity/metrics.ts';
import type { RunFacets } from '@aos/core/activity/run-facets.ts';
import type { RunOutcomes } from '@aos/core/activity/run-outcomes.ts';
import type { IncidentFacets } from '@aos/core/api/incidents.ts';
import { all_endpoints } from '@aos/core/api/index.ts';
import type { LedgerFacets } from '@aos/core/api/logs.ts';
import { openapiDocument } from '@aos/core/api/openapi.ts';
import { sibling } from '@aos/core/base/id.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAppOn, type TestApp } from '../http/app.ts';
import { type Api, api, expectStatus, makeKey } from '../parts/client.ts';
import { databaseKinds, freshDatabase } from '../parts/database.ts';
import { fewAtOnce } from '../parts/few-at-once.ts';
import { alertRow, incidentRow, namedRows, openRows, type Rows, recordRow, runRow } from './rows.ts';

interface Parameter {
  name: string;
  in: string;
  description?: string;
}
interface Operation {
  operationId: string;
  parameters?: Parameter[];
}

/** Every list and every parameter of it that says that it can leave out. */
const parameters = Object.entries(openapiDocument(all_endpoints, '1').paths as Record<string, { get?: Operation }>)
  .flatMap(([path, { get }]) =>
    (get?.parameters ?? []).map(({ name, description = '' }) => ({
      path,
      of: get?.operationId ?? '',
      name,
      description,
    })),
  )
  .filter(({ description }) => description.includes('With ! in front'));

const paths = [...new Set(parameters.map(({ path }) => path))];

const policy = makeId('policy');
const [a, b, c] = [makeId('agent'), makeId('agent'), makeId('agent')];
const [x, y] = [makeId('actor'), makeId('actor')];
const [s, t] = [makeId('session'), makeId('session')];
const now = Date.now() - 3_600_000;

/** What lists runs and counts them knows policies by name too. */
const of_runs = ['listRuns', 'listLiveRuns', 'listCompletedRuns', 'getRunFacets', 'getOutcomes'];

const violationRow = (tenant_id: string, policy_id: string, run_id: string) => ({
  ...{ tenant_id, id: makeId('violation'), run_id, decision_id: makeId('decision') },
  ...{ policy_id, policy_version: 1, control_id: makeId('control'), control_type: 'requests' },
  ...{ mode: 'enforce', action: 'block', category: 'RATE_LIMIT', severity: 'LOW', subject: '*', is_synthetic: false },
  occurred_at: new Date(now).toISOString(),
});

/** A value that some rows have, by the parameter, and for a list that reads it in its own way. */
const values: Readonly<Record<string, string>> = {
  ...{ agent: 'named-0', actor: x, api_key: 'the other', project: 'side', session: 's', model: 'small' },
  ...{ owner: 'ops', provider: 'anthropic', policy, run: 'the first run', object: policy, object_type: 'incident' },
  ...{
    event: 'POLICY_*',
    'listLedgerEntries actor': 'aos',
    'getLedgerFacets actor': 'aos',
    ...Object.fromEntries(of_runs.map((name) => [`${name} policy`, 'of ops'])),
    'listPrices model': 'gpt-4o',
    'listPrices provider': 'openai',
  },
};

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`what is left out ${title}`, () => {
    let app: TestApp;
    let rows: Rows;
    let admin: Api;
    let first_run: string;
    beforeAll(async () => {
      app = await startAppOn(await freshDatabase(kind));
      rows = await openRows(app.database.url);
      admin = api(app);
      const { id: side } = expectStatus(
        201,
        await admin.post<{ id: string }>('/api/v1/projects', { slug: 'side', name: 'Side' }),
      );
      let owned = '';
      for (const owner of ['dev', 'ops']) {
        const controls = [{ limit: { type: 'requests', max: 1_000_000, window: { per: 'day' } }, action: 'warn' }];
        const policy_of = { name: `of ${owner}`, owner, target: { kind: 'all_runs' }, controls };
        owned = expectStatus(201, await admin.post<{ id: string }>('/api/v1/policies', policy_of)).id;
      }
      const other = await makeKey(admin, { name: 'the other', role: 'service', project_id: null });
      const [main] = await rows.query<{ id: string; tenant_id: string }>(
        "select id, tenant_id from projects where slug = 'default'",
      );
      if (!main) throw new Error('the first boot makes a project');
      const whose = { tenant_id: main.tenant_id, project_id: main.id };
      await rows.insert('agents', namedRows([a, b, c], whose));
      await rows.insert('actors', namedRows([x, y], { tenant_id: whose.tenant_id, kind: 'human' }));
      const at = new Date(now).toISOString();
      const of_session = { ...whose, created_at: at, last_activity_at: at };
      await rows.insert('sessions', [
        { ...of_session, id: s, external_id: 's' },
        { ...of_session, id: t, external_id: '!odd' },
      ]);
      const runs = Array.from({ length: 36 }, (_, n) =>
        runRow(
          {
            tenant_id: main.tenant_id,
            project_id: n % 4 === 0 ? side : main.id,
            agent_id: [a, b, c, null][n % 4] ?? null,
            actor_id: [x, y, null][n % 3] ?? null,
            session_id: [s, t, null][Math.floor(n / 2) % 3] ?? null,
            ...(n % 5 === 0 && { api_key_id: other.id }),
          },
          now + n * 1_000,
          n % 7 > 4 ? { status: 'running', termination_reason: null, outcome_record: null, ended_at: null } : {},
        ),
      );
      const ids = new Set<string>(await insertAll(runs));
      first_run = [...ids][1] ?? '';
      const violating = [...ids].filter((_, n) => n % 2 === 0);
      await rows.insert(
        'violations',
        violating.map((run_id) => violationRow(main.tenant_id, owned, run_id)),
      );
    });
    afterAll(async () => {
      await rows?.close();
      await app?.close();
    });

    async function insertAll(runs: ReturnType<typeof runRow>[]): Promise<string[]> {
      await rows.insert('runs', runs);
      const models = ['small', 'large', 'huge'];
      const call = (run: (typeof runs)[number], n: number) =>
        recordRow(run, { model: models[n % 3], provider: n % 4 === 1 ? 'anthropic' : 'openai' });
      const second = (run: (typeof runs)[number], n: number) => ({
        ...call(run, n + 1),
        id: sibling(makeId('run'), 'record'),
      });
      // Some runs have no call, most have one, and some have two of different models.
      await rows.insert(
        'llm_run_records',
        runs.flatMap((run, n) => (n % 11 === 0 ? [] : n % 11 === 1 ? [call(run, n), second(run, n)] : [call(run, n)])),
      );
      await rows.insert(
        'incidents',
        runs.map((run, n) => ({
          ...incidentRow(run, n % 2 === 0 ? policy : makeId('policy')),
          owner: n % 3 === 0 ? 'ops' : null,
        })),
      );
      await rows.insert(
        'audit_ledger',
        runs.map((run, n) => ({
          ...{
            tenant_id: run.tenant_id,
            id: makeId('event'),
            occurred_at: run.created_at,
            recorded_at: run.created_at,
          },
          ...(n % 2 === 0
            ? { event: 'INCIDENT_CREATED', object_type: 'incident', object_id: sibling(run.id, 'incident') }
            : { event: 'POLICY_ACTIVATED', object_type: 'policy', object_id: n % 4 === 1 ? policy : makeId('policy') }),
          ...(n % 3 === 0
            ? { actor_type: 'system', actor_id: 'aos' }
            : { actor_type: 'service', actor_id: run.api_key_id }),
          ...(n % 8 !== 7 && { project_id: run.project_id, run_id: run.id, api_key_id: run.api_key_id }),
          agent_id: run.agent_id,
        })),
      );
      await rows.insert(
        'alerts',
        runs.map((run) => alertRow(run)),
      );
      await rows.insert(
        'signals',
        runs.map(({ tenant_id, project_id, agent_id, api_key_id, created_at }, n) => ({
          ...{ tenant_id, id: makeId('signal'), agent_id, api_key_id, type: 'NEAR_LIMIT', subject: `${n}` },
          ...{ status: 'open', severity: 'LOW', text: 'x', evidence: {}, last_day: Array(24).fill(0), times_seen: 1 },
          ...{ is_synthetic: false, first_seen_at: created_at, last_seen_at: created_at },
          project_id: n % 8 === 7 ? null : project_id,
        })),
      );
      return runs.map(({ id }) => id);
    }

    /** How much there is at an address: rows of a list, calls of the metrics, runs of the outcomes and by their source. */
    async function amountAt(path: string, query: Record<string, string | string[]> = {}, client = admin) {
      const search = new URLSearchParams();
      for (const [key, of] of Object.entries(query)) for (const one of [of].flat()) search.append(key, one);
      const answer = await client.get<
        Partial<Metrics> &
          Partial<RunOutcomes> &
          Partial<RunFacets & IncidentFacets & LedgerFacets> & { total?: number }
      >(`${path}?${search}`);
      const { total, totals, buckets, source, severity, actor_type } = expectStatus(200, answer);
      if (total !== undefined) return total;
      if (totals !== undefined) return totals.calls;
      const facet = source ?? severity ?? actor_type;
      if (facet) return facet.reduce((sum, { count }) => sum + count, 0);
      return (buckets as RunOutcomes['buckets'])
        .flatMap(({ runs }) => Object.values(runs))
        .reduce((sum, n) => sum + n, 0);
    }
    const valueFor = (of: string, name: string) => {
      const value = values[`${of} ${name}`] ?? values[name] ?? '';
      return value === values.run ? first_run : value;
    };

    test('the lists with filters, metrics and outcomes say that they can leave out', () => {
      const said = new Set(parameters.map(({ of }) => of));
      expect([...said].sort()).toEqual([
        ...[
          'getIncidentFacets',
          'getLedgerFacets',
          'getLlmRunRecordFacets',
          'getMetrics',
          'getOutcomes',
          'getRunFacets',
        ],
        ...['listAlerts', 'listCompletedRuns', 'listIncidents', 'listLedgerEntries'],
        ...['listLiveRuns', 'listLlmRunRecords', 'listPolicies', 'listPrices', 'listRuns', 'listSignals'],
      ]);
    });

    test.each(paths)('what is listed at %s by a name and what is left out by it are the whole', async (path) => {
      const whole = await amountAt(path);
      for (const { of, name } of parameters.filter((of) => of.path === path)) {
        const value = valueFor(of, name);
        const ways = [value, `!${value}`, [value, `!${value}`], ['!nobody', '!nothing']];
        const [plain = 0, rest = 0, ...more] = await fewAtOnce(ways, (way) => amountAt(path, { [name]: way }));
        expect([name, plain + rest, Math.min(plain, rest) > 0, ...more]).toEqual([name, whole, true, 0, whole]);
      }
    });

    test.each([
      [{ agent: ['!named-0', '!named-1'] }, 18],
      [{ agent: ['named-0', 'named-1', `!${a}`] }, 9],
      [{ agent: '!named-0', actor: `!${y}` }, 18],
      [{ session: String.raw`\!odd` }, 12],
      [{ session: '!!odd' }, 24],
      [{ session: '!s', agent: 'named-3' }, 0],
    ] as const)('of 36 runs %j are %i', async (query, amount) => {
      const asked = query as unknown as Record<string, string | string[]>;
      expect(await amountAt('/api/v1/runs', asked)).toBe(amount);
    });

    test('a run is left out for any call, and is listed for one if none of its calls is left out', async () => {
      const calls = await rows.query<{ run_id: string; model: string; provider: string }>(
        'select * from llm_run_records',
      );
      const runs = await rows.query<{ id: string }>('select id from runs');
      const with_call = (fits: (call: (typeof calls)[number]) => boolean) =>
        new Set(calls.filter(fits).map(({ run_id }) => run_id));
      const [small, large] = ['small', 'large'].map((model) => with_call((call) => call.model === model));
      const anthropic = with_call(({ provider }) => provider === 'anthropic');
      const amount = (fits: (id: string) => boolean) => runs.filter(({ id }) => fits(id)).length;
      const both = amount((id) => Boolean(small?.has(id) && large?.has(id)));
      expect(both).toBeGreaterThan(0);
      expect(await amountAt('/api/v1/runs', { model: ['small', '!large'] })).toBe((small?.size ?? 0) - both);
      expect(await amountAt('/api/v1/runs', { model: '!small', provider: '!anthropic' })).toBe(
        amount((id) => !small?.has(id) && !anthropic.has(id)),
      );
    });

    test('a key of one project sees nothing without it, and all of it without others', async () => {
      const [side] = await rows.query<{ id: string }>("select id from projects where slug = 'side'");
      const client = api(app, (await makeKey(admin, { role: 'auditor', project_id: side?.id })).secret);
      const amounts = ['!side', '!default', '!nobody'].map((project) => amountAt('/api/v1/runs', { project }, client));
      expect(await Promise.all(amounts)).toEqual([0, 9, 9]);
    });

    test.each([
      ['agent=!', 'agent'],
      [`agent=!${'x'.repeat(257)}`, 'agent'],
      ['status=!failed', 'status'],
      ['reason=!TIMEOUT', 'reason'],
      ['from=!2026-01-01', 'from'],
      ['limit=!5', 'limit'],
      ['is_synthetic=!true', 'is_synthetic'],
    ])('refuses %s and says why', async (query, named) => {
      const answer = await admin.get<{ error: { code: string; message: string } }>(`/api/v1/runs?${query}`);
      expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_query']);
      expect(answer.body.error.message).toContain(named);
    });
  });
}
