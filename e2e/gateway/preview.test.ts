import type { PreviewResult } from '@aos/core/api/previews.ts';
import { refuses } from '@aos/core/policies/action.ts';
import { policy_document } from '@aos/core/policies/policy.ts';
import { type RecordedCall, Replay, type Replayed } from '@aos/core/policies/replay.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import { computePreview } from '@aos/server/api/preview-job.ts';
import { pastCalls } from '@aos/server/api/preview-source.ts';
import type { Database } from '@aos/server/base/database.ts';
import { realClock } from '@aos/server/base/deps.ts';
import { openDatabase } from '@aos/server/store/db.ts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus, makeKey, waitFor } from '../parts/client.ts';
import { enforceAgain } from '../parts/enforced-replay.ts';
import { type Gateway, startGateway, wires } from '../parts/gateway.ts';
import { makeTenant } from '../parts/store.ts';

interface PreviewBody {
  id: string;
  status: string;
  result: PreviewResult | null;
  [member: string]: unknown;
}

interface Sent {
  status: number;
  verdict: string | null;
}

const control = (limit: object, action: string, more: object = {}) => ({ limit, action, ...more });
const day = { per: 'day', timezone: 'UTC' };

/** Several kinds of limits at once. None depends on how many tokens a prompt is taken to have. */
const candidate = (marker: string) => ({
  name: `what if ${marker}`,
  target: { kind: 'all_runs', when: { tag: [`round=${marker}`] } },
  controls: [
    control({ type: 'requests', max: 9, window: day, count_per: 'agent' }, 'block', {
      alerts: { channels: ['console'] },
    }),
    control({ type: 'tokens_output', max: 150, window: { per: 'session' }, count_per: 'session' }, 'warn'),
    control({ type: 'steps', max: 6, window: { per: 'run' } }, 'kill'),
    control({ type: 'tokens_output', max: 1500, window: { rolling_seconds: 86_400 }, count_per: 'api_key' }, 'block'),
    { rule: { type: 'model_access', params: { deny: ['gpt-4o'] } }, action: 'block' },
  ],
});

let gateway: Gateway;
let db: Database;
let tenant_id: string;
let keys: string[];
const calls = 40;

/** The same calls, one after the other, with the labels of a round. */
async function sendRound(round: string): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let n = 0; n < calls; n++) {
    const streamed = n % 3 === 0;
    const body = wires.chat.body(
      { output_tokens: 20 + ((n * 7) % 50) },
      { max_tokens: 100, model: n % 11 === 5 ? 'gpt-4o' : 'gpt-4o-mini', ...(streamed && { stream: true }) },
    );
    const headers = {
      authorization: `Bearer ${keys[n % 3]}`,
      'x-aos-agent-id': `agent-${n % 4}`,
      'x-aos-tags': `round=${round}`,
      ...(n % 5 < 3 && { 'x-aos-session-id': `${round}-session-${n % 5}` }),
    };
    const answer = await gateway.admin.post(wires.chat.path, body, { headers });
    sent.push({ status: answer.status, verdict: answer.headers.get('x-aos-decision') });
  }
  await gateway.untilSettled();
  return sent;
}

async function preview(body: object): Promise<PreviewResult> {
  const answer = await gateway.admin.post<PreviewBody>('/api/v1/policies/preview', body);
  expect([200, 202]).toContain(answer.status);
  const done = await waitFor(async () => {
    const { body: now } = await gateway.admin.get<PreviewBody>(`/api/v1/policies/previews/${answer.body.id}`);
    return now.status === 'running' ? null : now;
  });
  expect(done.status).toBe('ready');
  return done.result as PreviewResult;
}

/** What the preview says of each call, by the code behind the endpoint. */
async function replayed(policy: ActivePolicy): Promise<{ recorded: RecordedCall; said: Replayed }[]> {
  const past = {
    ...{ from_ms: 0, to_ms: Date.now() + 60_000, project_id: null, include_synthetic: false },
    ...{ with_steps: true, refused_by: null },
  };
  const replay = new Replay([policy]);
  const said = [];
  for await (const piece of pastCalls({ db }, tenant_id, past))
    for (const recorded of piece.calls) said.push({ recorded, said: replay.take(recorded) });
  return said.filter((of) => of.said.kind !== 'unmatched');
}

const verdictOf = (said: Replayed) => (said.kind === 'decided' ? said.decision.verdict : 'stopped before');

beforeAll(async () => {
  gateway = await startGateway();
  db = openDatabase({
    url: gateway.database.url,
    ...{ max_connections: 6, statement_timeout_ms: 30_000, onIdleError: () => undefined },
  });
  tenant_id = (await gateway.rows<{ id: string }>(`select id from tenants where slug = 'default'`))[0]?.id ?? '';
  keys = await Promise.all([0, 1, 2].map(async () => (await makeKey(gateway.admin, { role: 'service' })).secret));
  expect((await sendRound('past')).every(({ status }) => status === 200)).toBe(true);
});
afterAll(async () => {
  await db?.close();
  await gateway?.stop();
});

describe('a preview of calls that were made without any policy', () => {
  it('decides as the gateway does when the same calls come again under the active policy', async () => {
    const result = await preview({ policy: candidate('past'), window: { hours: 24 } });
    const { id } = expectStatus(201, await gateway.admin.post<{ id: string }>('/api/v1/policies', candidate('again')));
    expectStatus(200, await gateway.admin.post(`/api/v1/policies/${id}/activate`, { reason: 'replayed live' }));
    const live = await sendRound('again');
    const rows = await gateway.rows<{ id: string; document: ActivePolicy['document'] }>(
      'select id, document from policies where id = $1',
      [id],
    );
    const document = JSON.parse(JSON.stringify(rows[0]?.document).replaceAll('round=again', 'round=past'));
    const said = await replayed({ id, version: 1, mode: 'enforce', document });
    expect(said).toHaveLength(calls);
    const words = (n: number) => verdictOf((said[n] as { said: Replayed }).said);
    const agreed = live.map(({ status, verdict }, n) => {
      const stopped = words(n) === 'stopped before';
      return stopped ? status === 403 : words(n) === verdict;
    });
    expect(
      agreed
        .map((same, n) => (same ? '' : `${n}: ${words(n)}, live ${live[n]?.verdict} ${live[n]?.status}`))
        .filter(Boolean),
    ).toEqual([]);
    const count = (verdict: string) => said.filter((of) => verdictOf(of.said) === verdict).length;
    expect(result.affected.blocked.calls).toBe(count('block'));
    expect(result.affected.killed.calls).toBe(count('kill'));
    expect(result.affected.warned.calls).toBe(count('warn'));
    expect(result.calls).toMatchObject({ matched: calls, not_counted: count('stopped before') });
    for (const verdict of ['block', 'kill', 'warn']) expect(count(verdict)).toBeGreaterThan(0);
    expectStatus(200, await gateway.admin.post(`/api/v1/policies/${id}/disable`, { reason: 'done' }));
  });

  it('agrees in every decision with the stored calls enforced over the books of the database', async () => {
    const tight = {
      ...candidate('past'),
      controls: [
        ...candidate('past').controls,
        control({ type: 'cost_usd', max: '0.0009', window: day, count_per: 'api_key' }, 'block'),
        control({ type: 'tokens_total', max: 1200, window: { per: 'session' } }, 'pause'),
        control({ type: 'burn_rate', max: '0.001', window: { rolling_seconds: 60 } }, 'warn'),
        control({ type: 'concurrency', max: 1 }, 'warn'),
      ].map((of, n) => ({ ...of, id: `ctl_${String(n).padStart(26, '0')}` })),
    };
    const document = policy_document.parse(tight) as ActivePolicy['document'];
    const policy: ActivePolicy = { id: 'pol', version: 1, mode: 'enforce', document };
    const said = await replayed(policy);
    const own = await makeTenant(db, 'replayed');
    const enforced = await enforceAgain(
      db,
      own,
      [policy],
      said.map(({ recorded }) => recorded),
    );
    const differing = said.filter((of, n) => {
      const there = enforced[n];
      if (of.said.kind !== 'decided') return there?.decision !== null;
      const here = of.said.decision;
      return (
        JSON.stringify([here.verdict, here.contributions]) !==
        JSON.stringify([there?.decision?.verdict, there?.decision?.contributions])
      );
    });
    expect(differing.map((of) => verdictOf(of.said))).toEqual([]);
    const stopped = said.filter((of) => of.said.kind === 'decided' && refuses(of.said.decision.verdict));
    expect(stopped.length).toBeGreaterThan(5);
  });

  it.each([
    ['the model', { when: { model: ['gpt-4o'] } }, { window: { per: 'day' } }, 4],
    ['a tag', { when: { tag: ['round=past'] } }, { window: { per: 'day' } }, calls],
    ['the session', {}, { window: { per: 'session' } }, null],
    ['the session it counts by', {}, { window: { per: 'day' }, count_per: 'session' }, null],
  ])('reads what a policy looks at and others do not: %s', async (_, narrowed, counted, matching) => {
    const limit = { type: 'tokens_output', max: 150, ...counted };
    const policy = { name: 'n', target: { kind: 'all_runs', ...narrowed }, controls: [{ limit, action: 'warn' }] };
    const { calls: seen, affected } = await preview({ policy, window: { hours: 24 } });
    const document = policy_document.parse(policy) as ActivePolicy['document'];
    const controls = document.controls.map((of) => ({ ...of, id: `ctl_${'0'.repeat(26)}` }));
    const said = await replayed({ id: 'pol', version: 1, mode: 'enforce', document: { ...document, controls } });
    expect(seen.matched).toBe(said.length);
    if (matching !== null) expect(seen.matched).toBe(matching);
    expect(affected.warned.calls).toBe(said.filter((of) => verdictOf(of.said) === 'warn').length);
    expect(affected.warned.calls).toBeGreaterThan(0);
  });

  it('tells whom it hits, when, what is not spent, which alerts, and shows runs', async () => {
    const result = await preview({ policy: candidate('past') });
    expect(result.whom.agents.distinct).toBeGreaterThan(1);
    expect(result.whom.agents.top[0]?.name).toMatch(/^agent-\d$/);
    expect(result.whom.api_keys.top).toHaveLength(3);
    expect(result.by_day.reduce((sum, of) => sum + of.calls, 0)).toBe(calls);
    expect(result.first_hit.days_hit).toBeGreaterThan(0);
    expect(result.first_hit.typical).toMatch(/^\d\d:\d\d$/);
    expect(Number(result.spend_not_made_usd)).toBeGreaterThan(0);
    expect(Number(result.spend_not_made_usd)).toBeLessThan(Number(result.spend_usd));
    const spent = await gateway.rows<{ cost: string }>(
      `select sum(cost_usd)::text as cost from llm_run_records where tags ->> 'round' = 'past'`,
    );
    expect(result.spend_usd).toBe(spent[0]?.cost);
    expect(result.alerts.channels).toEqual([{ channel: 'console', alerts: expect.any(Number) }]);
    const [full] = result.alerts.tiers.filter(({ control: n, percent }) => n === 0 && percent === 100);
    expect(full?.alerts).toBeGreaterThan(0);
    const [worst] = result.examples;
    expect(worst).toMatchObject({ verdict: 'kill', control: 2, reason: expect.stringContaining('steps: 6 used') });
    expectStatus(200, await gateway.admin.get(`/api/v1/decisions/${worst?.decision_id}`));
    expect(result.coverage).toEqual({ exact: calls, sampled: 0, assumed: 0, uncheckable: 0 });
  });

  it('counts what it cannot know as not checkable, never as passed', async () => {
    const policy = {
      ...candidate('past'),
      target: { kind: 'all_runs', when: { tool: ['search'], tag: ['round=past'] } },
    };
    const result = await preview({ policy });
    expect(result.coverage).toEqual({ exact: 0, sampled: 0, assumed: 0, uncheckable: calls });
    expect(result.caveats.join(' ')).toContain(`${calls} calls could not be checked in full`);
  });

  it('tells the difference between two versions, and tries again what the old one refused', async () => {
    const document = (max: number) => ({
      name: 'a few',
      target: { kind: 'agent', ids: ['tried-again'] },
      controls: [control({ type: 'requests', max, window: day }, 'block')],
    });
    const { id } = expectStatus(201, await gateway.admin.post<{ id: string }>('/api/v1/policies', document(3)));
    expectStatus(200, await gateway.admin.post(`/api/v1/policies/${id}/activate`, { reason: 'a test' }));
    const statuses = [];
    for (let n = 0; n < 6; n++) {
      const headers = { 'x-aos-agent-id': 'tried-again' };
      statuses.push(
        (await gateway.admin.post(wires.chat.path, wires.chat.body({ output_tokens: 5 }), { headers })).status,
      );
    }
    expect(statuses).toEqual([200, 200, 200, 402, 402, 402]);
    // The replay over the books has left its own holds in another tenant.
    const open = () => gateway.rows('select from holds where tenant_id = $1', [tenant_id]);
    await waitFor(async () => (await open()).length === 0, { what: 'the end of the holds of this tenant' });
    const looser = await preview({ policy: document(5), replaces: id });
    expect(looser.diff?.calls).toEqual({ newly_stopped: 0, no_longer_stopped: 2, still_stopped: 1, unchanged: 3 });
    expect(looser.coverage).toMatchObject({ exact: 3, assumed: 3 });
    const tighter = await preview({ policy: document(1), replaces: id });
    expect(tighter.diff?.calls).toEqual({ newly_stopped: 2, no_longer_stopped: 0, still_stopped: 3, unchanged: 1 });
    expect(tighter.diff?.newly_stopped_runs).toHaveLength(2);
    const same = await preview({ policy: { policy_id: id } });
    expect(same.affected.blocked.calls).toBe(0);
    expect(same.calls.matched).toBe(3);
  });
});

describe('a preview as a piece of work', () => {
  it('can be asked for and stopped by whoever sees its project, and by nobody else', async () => {
    const answer = await gateway.admin.post<PreviewBody>('/api/v1/policies/preview', { policy: candidate('past') });
    const path = `/api/v1/policies/previews/${answer.body.id}`;
    await waitFor(async () => (await gateway.admin.get<PreviewBody>(path)).body.status === 'ready');
    expect((await gateway.admin.post(`${path}/cancel`)).status).toBe(409);
    const project = expectStatus(
      201,
      await gateway.admin.post<{ id: string }>('/api/v1/projects', { slug: 'elsewhere', name: 'Elsewhere' }),
    );
    const viewer = await makeKey(gateway.admin, { role: 'viewer', project_id: project.id });
    const headers = { authorization: `Bearer ${viewer.secret}` };
    expect((await gateway.admin.get(path, { headers })).status).toBe(404);
    const own = await gateway.admin.post<PreviewBody>(
      '/api/v1/policies/preview',
      { policy: candidate('past') },
      { headers },
    );
    const own_path = `/api/v1/policies/previews/${own.body.id}`;
    const seen = await waitFor(async () => {
      const { body } = await gateway.admin.get<PreviewBody>(own_path, { headers });
      return body.status === 'running' ? null : body;
    });
    expect(seen.result?.calls).toMatchObject({ looked_at: 0, matched: 0 });
    expect(seen.result?.caveats[0]).toContain('No call of this window is one of its target');
    expect((await gateway.admin.get(own_path)).status).toBe(200);
  });

  it('waits for a database that is busy for longer than a connection is waited for', async () => {
    const { id } = expectStatus(201, await gateway.admin.post<{ id: string }>('/api/v1/policies', candidate('busy')));
    const busy = new pg.Client({ connectionString: gateway.database.url });
    await busy.connect();
    try {
      await busy.query('begin; lock table aos.llm_run_records, aos.steps in access exclusive mode');
      const begun = gateway.admin.post<PreviewBody>('/api/v1/policies/preview', {
        ...{ policy: candidate('past'), replaces: id },
      });
      await busy.query('select pg_sleep(4)');
      await busy.query('rollback');
      const path = `/api/v1/policies/previews/${(await begun).body.id}`;
      const ended = await waitFor(async () => {
        const { body } = await gateway.admin.get<PreviewBody>(path);
        return body.status === 'running' ? null : body;
      });
      expect(ended.status).toBe('ready');
    } finally {
      await busy.end();
    }
  });

  it('tells after each answer of the database that it lives, before it has looked at any call', async () => {
    const document = policy_document.parse(candidate('past')) as ActivePolicy['document'];
    const told: number[] = [];
    const of = {
      ...{ tenant_id, replaces: null, has_exceptions: false, project_id: null },
      ...{ policy: { id: 'pol', version: 1, mode: 'enforce' as const, document } },
      asked: { policy: { policy_id: 'pol' }, window: { hours: 1 }, include_synthetic: false },
      ...{ from_ms: Date.now() - 3_600_000, to_ms: Date.now() },
    };
    const { calls_done } = await computePreview({ db, clock: realClock(), public_url: '' }, of, (progress) =>
      told.push(progress.calls_done),
    );
    expect(calls_done).toBeGreaterThan(0);
    expect(told.length).toBeGreaterThanOrEqual(8);
    expect(told[0]).toBe(0);
  });

  it('says so when its process is gone', async () => {
    await gateway.rows(
      `insert into previews (tenant_id, id, created_by, status, request, created_at, touched_at)
        values ($1, $2, 'key', 'running', '{}', now(), now() - interval '1 minute')`,
      [tenant_id, `pvw_${'0'.repeat(26)}`],
    );
    const { body } = await gateway.admin.get<PreviewBody>(`/api/v1/policies/previews/pvw_${'0'.repeat(26)}`);
    expect(body).toMatchObject({ status: 'failed', error: 'the process that computed it has stopped: ask again' });
    const cancelled = await gateway.admin.post<PreviewBody>(`/api/v1/policies/previews/pvw_${'0'.repeat(26)}/cancel`);
    expect(cancelled.body.status).toBe('cancelled');
  });

  it('refuses what it cannot read, in words', async () => {
    const wrong = await gateway.admin.post<{ error: { message: string } }>('/api/v1/policies/preview', {
      policy: { ...candidate('past'), controls: [control({ type: 'requests', max: -1, window: day }, 'block')] },
    });
    expect(wrong.status).toBe(400);
    expect(wrong.body.error.message).toContain('controls[0].limit.max');
    const stranger = await gateway.admin.post('/api/v1/policies/preview', {
      policy: { policy_id: `pol_${'0'.repeat(26)}` },
    });
    expect(stranger.status).toBe(404);
  });
});
