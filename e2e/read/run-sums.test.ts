import type { RunOutcomes } from '@aos/core/activity/run-outcomes.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { run_sums } from '@aos/server/store/run-sums.ts';
import { endReported, endRun, lockRuns } from '@aos/server/store/runs.ts';
import { summedOf, sumUp } from '@aos/server/store/sums.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomFrom } from '../../tools/campaigns/parts/random.ts';
import { startAppOn, type TestApp } from '../http/app.ts';
import { api, expectStatus } from '../parts/client.ts';
import { databaseKinds, freshDatabase } from '../parts/database.ts';
import { fewAtOnce } from '../parts/few-at-once.ts';
import { firstProject, namedRows, openRows, type Rows, runRow } from './rows.ts';

const hour = 3_600_000;
const from_ms = Date.UTC(2026, 9, 12);
const at = (hours: number) => new Date(from_ms + hours * hour).toISOString();

type Run = ReturnType<typeof runRow> & { status: string; mode: string; termination_reason: string | null };
type End = readonly [status: string, termination_reason: string, outcome_record: string];
const ends: readonly [End, ...End[]] = [
  ['succeeded', 'COMPLETED', 'SUCCESS'],
  ['failed', 'SYSTEM_FAILURE', 'FAILURE'],
  ['failed_policy', 'POLICY_BLOCK', 'BLOCKED'],
  ['cancelled', 'USER_ABORT', 'ABORTED'],
];
const open = ['queued', 'running', 'retry'] as const;
const isOpen = ({ status }: { status: string }) => open.some((name) => name === status);

const agents = [makeId('agent'), makeId('agent'), null];
const actor = makeId('actor');
/** Ranges whose ends are no whole hours, or are those of zones that are half an hour off. */
const ranges = [
  ['2026-10-12', '2026-10-16', 'day'],
  [at(-30), at(200), 'day'],
  [at(7.3), at(61.7), 'hour'],
  ['2026-10-12T05:30:00+05:30', '2026-10-14T05:45:00+05:45', 'hour'],
  ['2026-10-12T00:00:00+05:30', '2026-10-15T00:00:00+05:30', 'day'],
  [at(26.25), at(26.75), 'hour'],
  [at(70), at(90), 'hour'],
  [at(30), at(34), 'minute'],
] as const;
const width = { minute: 60_000, hour, day: 24 * hour };
/** Each question with the runs that it is about. */
const filters: [query: string, fits: (run: Run) => boolean][] = [
  ['', (run) => !run.is_synthetic],
  ['&is_synthetic=all', () => true],
  [`&agent=${agents[0]}`, (run) => !run.is_synthetic && run.agent_id === agents[0]],
  [`&actor=${actor}`, (run) => !run.is_synthetic && run.actor_id === actor],
  ['&source=reported', (run) => !run.is_synthetic && run.mode === 'reported'],
  ['&source=gateway,managed', (run) => !run.is_synthetic && ['gateway', 'managed'].includes(run.mode)],
  ['&status=failed,running', (run) => !run.is_synthetic && ['failed', 'running'].includes(run.status)],
  ['&reason=POLICY_BLOCK', (run) => !run.is_synthetic && run.termination_reason === 'POLICY_BLOCK'],
  ['&project=default&agent=nobody', () => false],
  [`&agent=!${agents[0]}`, (run) => !run.is_synthetic && run.agent_id !== agents[0]],
  [`&agent=!${agents[0]}&agent=!${agents[1]}`, (run) => !run.is_synthetic && run.agent_id === null],
  [`&actor=!${actor}&project=!nobody`, (run) => !run.is_synthetic && run.actor_id !== actor],
  ['&model=!small', (run) => !run.is_synthetic],
];

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`runs over time ${title}`, () => {
    const random = randomFrom(11);
    let app: TestApp;
    let rows: Rows;
    let whose: { tenant_id: string; project_id: string };
    beforeAll(async () => {
      const database = await freshDatabase(kind);
      app = await startAppOn(database);
      rows = await openRows(database.url);
      await rows.query(`alter database ${new URL(database.url).pathname.slice(1)} set timezone = 'Asia/Kathmandu'`);
      whose = await firstProject(rows);
      await rows.query('call ensure_partitions($1, 1)', [at(0)]);
      await rows.insert('agents', namedRows(agents, whose));
      await rows.insert('actors', namedRows([actor], { tenant_id: whose.tenant_id, kind: 'human' }));
      await rows.insert(
        'runs',
        Array.from({ length: 1_500 }, () => madeUp(random.whole(0, 77 * hour - 1))),
      );
    });
    afterAll(async () => {
      await rows?.close();
      await app?.close();
    });

    function madeUp(after_ms: number) {
      const [status, termination_reason, outcome_record] = random.pick(ends);
      const has_ended = random.chance(0.8);
      const mode = random.pick(['gateway', 'gateway', 'managed', 'external', 'reported']);
      const agent_id = agents[random.whole(0, 2)] ?? null;
      return runRow({ ...whose, agent_id, actor_id: random.chance(0.3) ? actor : null }, from_ms + after_ms, {
        ...(has_ended
          ? { status, termination_reason, outcome_record }
          : { status: random.pick(open), termination_reason: null, outcome_record: null, ended_at: null }),
        mode,
        is_synthetic: random.chance(0.1),
      });
    }

    /** What every question is answered, and what counting the rows comes to. */
    async function compare() {
      const all = await rows.query<Run & { created_at: Date }>('select * from runs');
      const asked = ranges.flatMap(([from, to, bucket]) => filters.map((filter) => ({ from, to, bucket, filter })));
      const answers = await fewAtOnce(asked, async ({ from, to, bucket, filter: [more] }) => {
        const query = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}&bucket=${bucket}${more}`;
        return expectStatus(200, await api(app).get<RunOutcomes>(`/api/v1/activity/outcomes?${query}`));
      });
      const said = answers.map(({ buckets }) => buckets.flatMap(({ start, runs }) => told(start, runs)).sort());
      const counted = asked.map(({ from, to, bucket, filter: [, fits] }) => {
        const counts = new Map<string, Record<string, number>>();
        for (const run of all) {
          const at_ms = run.created_at.getTime();
          if (at_ms < Date.parse(from) || at_ms >= Date.parse(to) || !fits(run)) continue;
          const start = new Date(Math.floor(at_ms / width[bucket]) * width[bucket]).toISOString();
          const outcome = isOpen(run) ? 'open' : run.status;
          const of = counts.get(start) ?? {};
          counts.set(start, { ...of, [outcome]: (of[outcome] ?? 0) + 1 });
        }
        return [...counts].flatMap(([start, of]) => told(start, of)).sort();
      });
      return { said, counted };
    }
    const told = (start: string, counts: Record<string, number>) =>
      Object.entries(counts).flatMap(([outcome, n]) => (n === 0 ? [] : `${start} ${outcome} ${n}`));

    const sum = (hours = 78) =>
      app.deps.db.tenant(whose.tenant_id, (tx) => sumUp(tx, run_sums, whose.tenant_id, from_ms + hours * hour));
    const sumAll = async (hours?: number) => {
      while (await sum(hours));
    };
    const late = async () =>
      (await rows.query<{ id: string }>('select id from late_runs order by id')).map(({ id }) => id);
    const end = (id: string) =>
      app.deps.db.tenant(whose.tenant_id, async (tx) => {
        const [status, termination_reason, outcome_record] = random.pick(ends);
        await lockRuns(tx, [id]);
        return endRun(tx, { id, status, termination_reason, outcome_record, policy_id: null });
      });

    async function expectExact() {
      const { said, counted } = await compare();
      expect(said).toEqual(counted);
    }

    test('what is read from sums is what counting the runs comes to, whatever the range, zone and filter', async () => {
      await expectExact();
      await sumAll(75.5);
      expect(await app.deps.db.tenant(whose.tenant_id, (tx) => summedOf(tx, run_sums, whose.tenant_id))).toMatchObject({
        hours_until_ms: from_ms + 75 * hour,
        days_until_ms: from_ms + 72 * hour,
      });
      await expectExact();
      // It is the sums that are read: without them the figures would be others.
      for (const width of ['hour', 'day']) {
        await rows.query('update run_sums set runs = runs + 1 where width = $1', [width]);
        const { said, counted } = await compare();
        expect(said).not.toEqual(counted);
        await rows.query('update run_sums set runs = runs - 1 where width = $1', [width]);
      }
    });

    test('runs that end after their hour was summed up are counted as they ended, before and after they are added', async () => {
      const waiting = await late();
      expect(waiting.length).toBeGreaterThan(100);
      const ended = waiting.filter((_, n) => n % 2 === 0);
      for (const id of ended) await end(id);
      await expectExact();
      await sum(75);
      expect(await late()).toEqual(waiting.filter((id) => !ended.includes(id)));
      await expectExact();
      for (const id of (await late()).slice(0, 20)) await end(id);
      await sumAll();
      await expectExact();
    });

    test('a reported run that is told anew to have failed is counted so, however long ago it began', async () => {
      const reported = await rows.query<{ id: string }>(
        "select id from runs where mode = 'reported' and status = 'succeeded'",
      );
      expect(reported.length).toBeGreaterThan(10);
      await app.deps.db.tenant(whose.tenant_id, (tx) =>
        endReported(
          tx,
          reported.slice(0, 10).map(({ id }) => ({ id, failed: true, ended_at: at(80) })),
        ),
      );
      await expectExact();
    });

    test('no run is missing or there twice while runs end, others are summed up, and somebody reads', async () => {
      await rows.insert(
        'runs',
        Array.from({ length: 400 }, () => ({
          ...madeUp(random.whole(79 * hour, 100 * hour - 1)),
          is_synthetic: false,
        })),
      );
      const [all] = await rows.query<{ n: number }>('select count(*)::int as n from runs where not is_synthetic');
      const still_open = await rows.query<{ id: string }>(
        "select id from runs where status in ('queued', 'running', 'retry') and mode <> 'reported' and not is_synthetic",
      );
      let done = false;
      const writing = Promise.all([
        fewAtOnce(still_open, ({ id }) => end(id)),
        (async () => {
          for (let hours = 79; hours <= 100; hours++) await Promise.all([sum(hours), sum(hours)]);
        })(),
      ]).finally(() => {
        done = true;
      });
      const totals = new Set<number>();
      while (!done) {
        const answer = await api(app).get<RunOutcomes>(
          `/api/v1/activity/outcomes?from=${at(-1)}&to=${at(110)}&bucket=day`,
        );
        const { buckets } = expectStatus(200, answer);
        totals.add(buckets.flatMap(({ runs }) => Object.values(runs)).reduce((sum, n) => sum + n, 0));
      }
      await writing;
      expect([...totals]).toEqual([all?.n]);
      await sumAll(100);
      expect(await late()).toEqual([]);
      await expectExact();
    });
  });
}
