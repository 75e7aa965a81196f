import { usdOfNano } from '@aos/core/base/money.ts';
import type { Tx } from '@aos/server/base/database.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { asker_sums, call_sums } from '@aos/server/store/call-sums.ts';
import { summedOf, sumUp } from '@aos/server/store/sums.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomFrom } from '../../tools/campaigns/parts/random.ts';
import { startAppOn, type TestApp } from '../http/app.ts';
import { api, expectStatus, type KeyBody } from '../parts/client.ts';
import { databaseKinds, freshDatabase } from '../parts/database.ts';
import { fewAtOnce } from '../parts/few-at-once.ts';
import { firstProject, namedRows, openRows, type Rows, recordRow, runRow } from './rows.ts';

const hour = 3_600_000;
const from_ms = Date.UTC(2026, 9, 12);
const calls = 1_500;
const at = (hours: number) => new Date(from_ms + hours * hour).toISOString();

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`sums of calls ${title}`, () => {
    let app: TestApp;
    let rows: Rows;
    let first_key: string;
    let whose: { tenant_id: string; project_id: string };
    const agents = [makeId('agent'), makeId('agent'), null];
    const actors = [makeId('actor'), makeId('actor'), null];
    beforeAll(async () => {
      app = await startAppOn(await freshDatabase(kind));
      rows = await openRows(app.database.url);
      whose = await firstProject(rows);
      await rows.query('call ensure_partitions($1, 1)', [at(0)]);
      await rows.insert('agents', namedRows(agents, whose));
      await rows.insert('actors', namedRows(actors, { tenant_id: whose.tenant_id, kind: 'human' }));
      const [key] = await rows.query<{ id: string }>('select id from api_keys where tenant_id = $1', [whose.tenant_id]);
      first_key = key?.id ?? '';
      const random = randomFrom(5);
      await rows.insert(
        'llm_run_records',
        Array.from({ length: calls }, () => madeUp(random, random.whole(0, 77 * hour - 1))),
      );
    });
    afterAll(async () => {
      await rows?.close();
      await app?.close();
    });

    function madeUp(random: ReturnType<typeof randomFrom>, after_ms: number) {
      const asker = { agent_id: agents[random.whole(0, 2)] ?? null, actor_id: actors[random.whole(0, 2)] ?? null };
      const by_key = random.chance(0.5) ? { api_key_id: first_key } : {};
      const run = runRow({ ...whose, ...asker, ...by_key }, from_ms + after_ms);
      return recordRow(run, {
        model: random.chance(0.5) ? 'small' : 'large',
        execution_status: random.chance(0.1) ? 'failed' : 'succeeded',
        input_tokens: random.chance(0.1) ? null : random.whole(0, 1_000_000),
        cost_usd: random.chance(0.1) ? null : usdOfNano(BigInt(random.whole(0, 999_999_999_999))),
        is_synthetic: random.chance(0.1),
        source: random.chance(0.1) ? 'reported' : 'gateway',
        settled_at: new Date(from_ms + after_ms + random.whole(0, 90_000)).toISOString(),
      });
    }

    type Part = Record<string, unknown> & { p50_duration_ms: number | null; p95_duration_ms: number | null };
    type Metrics = Record<'totals', Part> &
      Record<'buckets' | 'by_provider' | 'by_model' | 'by_agent' | 'by_project', Part[]> & {
        by_asker: { items: Part[]; rest: Part } | null;
      };

    const ranges = [
      [at(0), at(80), 'day'],
      [at(-30), at(200), 'day'],
      [at(7.3), at(61.7), 'hour'],
      [at(7.3), at(61.7), 'day'],
      [at(24), at(48), 'hour'],
      [at(26.25), at(26.75), 'hour'],
      [at(70), at(90), 'hour'],
      [at(30), at(34), 'minute'],
    ] as const;
    const filters = () => [
      '',
      '&model=small',
      `&agent=${agents[0]}`,
      '&is_synthetic=all',
      '&source=reported',
      '&project=default',
      `&actor=${actors[0]}`,
      `&actor=${actors[0]}&actor=${actors[1]}&model=large`,
      `&actor=${actors[1]}&agent=${agents[1]}&project=default`,
      `&api_key=${first_key}`,
      `&api_key=${first_key}&actor=${actors[0]}`,
      `&actor=${actors[0]}&is_synthetic=all`,
      '&actor=nobody',
      `&agent=!${agents[0]}`,
      `&agent=!${agents[0]}&agent=!${agents[1]}&model=!small`,
      `&actor=${actors[0]}&actor=${actors[1]}&actor=!${actors[1]}&agent=!${agents[1]}`,
      `&actor=!${actors[0]}`,
      `&api_key=!${first_key}&project=!nobody`,
      '&group_by=actor',
      '&group_by=api_key&model=small',
      `&group_by=actor&actor=!${actors[0]}&agent=${agents[0]}`,
      `&group_by=api_key&actor=${actors[0]}`,
      '&group_by=actor&is_synthetic=all',
    ];
    /** What is named, and what is left out by the same name. */
    const halves = () => ['model=small', `agent=${agents[0]}`, `actor=${actors[0]}`, `api_key=${first_key}`];

    async function read(some = filters()): Promise<Metrics[]> {
      const asked = ranges.flatMap(([from, to, bucket]) =>
        some.map((more) => `from=${from}&to=${to}&bucket=${bucket}${more}`),
      );
      return fewAtOnce(asked, async (query) =>
        expectStatus(200, await api(app).get<Metrics>(`/api/v1/activity/metrics?${query}`)),
      );
    }

    /** What has to be equal, and beside it what may be off by a twentieth. */
    function split(all: readonly Metrics[]) {
      const parts = all.flatMap(({ totals, buckets, by_provider, by_model, by_agent, by_project, by_asker }) =>
        [
          [totals],
          buckets,
          by_provider,
          by_model,
          by_agent,
          by_project,
          by_asker?.items ?? [],
          by_asker ? [by_asker.rest] : [],
        ].map((list) => [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))),
      );
      const exact = parts.map((list) => list.map(({ p50_duration_ms: _, p95_duration_ms: __, ...rest }) => rest));
      const durations = parts.flat().flatMap((of) => [of.p50_duration_ms ?? null, of.p95_duration_ms ?? null]);
      return { exact, durations };
    }

    const sum = async () => {
      const of = (sums: typeof call_sums) =>
        app.deps.db.tenant(whose.tenant_id, (tx) => sumUp(tx, sums, whose.tenant_id, from_ms + 78 * hour));
      return (await Promise.all([of(call_sums), of(asker_sums)])).some(Boolean);
    };
    const summed = () => app.deps.db.tenant(whose.tenant_id, (tx) => summedOf(tx, call_sums, whose.tenant_id));

    test('figures read from sums are those of the calls, to the nano-dollar, whatever the range and the filter', async () => {
      const before = split(await read());
      // A call is under way since hour 75 and a half: what is complete ends with hour 75.
      await rows.insert('holds', [
        {
          ...{
            tenant_id: whose.tenant_id,
            id: makeId('decision'),
            run_id: makeId('run'),
            instance_id: makeId('instance'),
          },
          ...{
            state: 'held',
            control_ids: [],
            subjects: [],
            window_starts: [],
            amounts: [],
            call: {},
            admitted_at: at(75.5),
          },
        },
      ]);
      while (await sum());
      expect(await summed()).toMatchObject({
        hours_until_ms: from_ms + 75 * hour,
        days_until_ms: from_ms + 72 * hour,
      });
      const after = split(await read());
      expect(after.exact).toEqual(before.exact);
      for (const [n, exactly] of before.durations.entries()) {
        const about = after.durations[n] ?? null;
        if (exactly === null || about === null) expect(about).toBe(exactly);
        else expect(Math.abs(about - exactly)).toBeLessThanOrEqual(1 + exactly * 0.05);
      }
      // It is the sums that are read: without them the figures would be others.
      for (const [sums, more] of [
        ['call_sums', ''],
        ['asker_sums', `&actor=${actors[0]}`],
        ['call_sums', `&agent=!${agents[0]}`],
        ['asker_sums', `&actor=${actors[0]}&agent=!${agents[1]}`],
        ['asker_sums', '&group_by=actor'],
        ['asker_sums', `&group_by=api_key&api_key=${first_key}`],
      ] as const)
        for (const width of ['hour', 'day']) {
          const rightly = split(await read([more])).exact;
          await rows.query(`update ${sums} set calls = calls + 1 where width = $1`, [width]);
          expect(split(await read([more])).exact).not.toEqual(rightly);
          await rows.query(`update ${sums} set calls = calls - 1 where width = $1`, [width]);
        }
    });

    test('what is left out by a name and what is of it are the whole, to the nano-dollar', async () => {
      const totalsOf = async (more: string) => (await read([more])).map(({ totals }) => totals);
      const exactly = (figure: unknown) => BigInt(String(figure).replace('.', ''));
      const whole = await totalsOf('');
      for (const half of halves()) {
        const [plain, rest] = [await totalsOf(`&${half}`), await totalsOf(`&${half.replace('=', '=!')}`)];
        for (const [n, of_all] of whole.entries())
          for (const name of ['calls', 'failed', 'unpriced_calls', 'input_tokens', 'output_tokens', 'cost_usd']) {
            const sum = exactly(plain[n]?.[name]) + exactly(rest[n]?.[name]);
            expect([half, ranges[n], name, sum]).toEqual([half, ranges[n], name, exactly(of_all[name])]);
          }
        expect(Math.min(Number(plain[0]?.calls), Number(rest[0]?.calls))).toBeGreaterThan(0);
      }
    });

    test('the hour of a call under way is summed up once it has ended, with the call; two processes sum up once', async () => {
      const late = madeUp(randomFrom(9), 75.6 * hour);
      await rows.insert('llm_run_records', [{ ...late, is_synthetic: false, source: 'gateway' }]);
      await rows.query('delete from holds');
      const before = split(await read());
      for (let more = true; more; ) more = (await Promise.all([sum(), sum(), sum()])).some(Boolean);
      expect((await summed())?.hours_until_ms).toBe(from_ms + 78 * hour);
      expect(split(await read()).exact).toEqual(before.exact);
    });

    test('a tenant that has made-up calls alone is looked through once, and not at every look', async () => {
      const { api_key } = expectStatus(
        201,
        await api(app).post<{ api_key: KeyBody }>('/api/v1/tenants', { slug: 'demo' }),
      );
      const [other] = await rows.query<{ id: string; tenant_id: string }>(
        'select p.id, p.tenant_id from projects p join api_keys k on k.tenant_id = p.tenant_id where k.id = $1',
        [api_key.id],
      );
      const of = { tenant_id: other?.tenant_id ?? '', project_id: other?.id ?? '' };
      const made_up = Array.from({ length: 300 }, (_, n) =>
        recordRow(runRow(of, from_ms + n * 600_000), { is_synthetic: true }),
      );
      await rows.insert('llm_run_records', made_up);
      const rowsRead = async (tx: Tx) => {
        const [row] = await tx.query<{ n: number }>(
          `select coalesce(sum(coalesce(idx_tup_fetch, 0) + seq_tup_read), 0)::int as n from pg_stat_xact_all_tables
        where relname like 'llm_run_records%'`,
        );
        return row?.n ?? 0;
      };
      const look = () =>
        app.deps.db.tenant(of.tenant_id, async (tx) => {
          const before = await rowsRead(tx);
          const went_on = await sumUp(tx, call_sums, of.tenant_id, from_ms + 60 * hour);
          return { went_on, rows_read: (await rowsRead(tx)) - before };
        });
      let looks = 0;
      while ((await look()).went_on) looks++;
      expect(looks).toBeGreaterThan(5);
      expect((await look()).rows_read).toBeLessThanOrEqual(1);
      expect(await rows.query('select from call_sums where tenant_id = $1', [of.tenant_id])).toEqual([]);
    });
  });
}
