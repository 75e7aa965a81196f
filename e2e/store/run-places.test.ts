import { makeId } from '@aos/server/base/deps.ts';
import { type Admission, admit } from '@aos/server/store/admission.ts';
import type { AdmissionAsk } from '@aos/server/store/admission-batch.ts';
import { keepRunsOpen, leaveEndedRuns } from '@aos/server/store/run-places.ts';
import { endRun, lockRuns, type NewRun, openRuns, setAside, startRun } from '@aos/server/store/runs.ts';
import { balancesNow, releaseHolds } from '@aos/server/store/usage.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../parts/client.ts';
import { databaseKinds } from '../parts/database.ts';
import { freshStore, type TestStore } from '../parts/store.ts';

const cap = 5n;
const workers = 6;
const runs_each = 30;

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`the places of runs in flight ${title}`, () => {
    let store: TestStore;
    beforeAll(async () => {
      store = await freshStore(kind, workers + 2);
    });
    afterAll(() => store?.drop());

    it('are never more than the limit, are kept by a run whatever calls it makes, and go with it once', async () => {
      const [left, right] = [makeId('control'), makeId('control')];
      let most = 0n;
      const look = async () => {
        for (const { posted, pending } of await balances(store, [left, right])) {
          expect(posted).toBe(0n);
          expect(pending).toBeLessThanOrEqual(cap);
          expect(pending).toBeGreaterThanOrEqual(0n);
          if (pending > most) most = pending;
        }
      };
      const one = async (worker: number) => {
        for (let n = 0; n < runs_each; n++) {
          // Two limits, named in either order, and two runs whose ends share a transaction.
          const controls = (worker + n) % 2 === 0 ? [left, right] : [right, left];
          const runs = [await openRun(store), await openRun(store)];
          const first = await Promise.all(runs.map((id) => call(store, id, controls)));
          const inside = runs.filter((_, k) => first[k]?.outcome === 'admitted');
          await look();
          for (const id of inside) expect((await call(store, id, controls)).outcome).toBe('admitted');
          const [again] = inside;
          if (again !== undefined && n % 5 === 0) {
            await store.db.tenant(store.tenant_id, async (tx) => {
              await lockRuns(tx, [again]);
              expect(await setAside(tx, again)).toBe(true);
            });
            await store.db.tenant(store.tenant_id, (tx) => startRun(tx, again));
            await call(store, again, controls);
          }
          await look();
          await endAll(store, worker % 2 === 0 ? runs : [...runs].reverse());
        }
      };
      await Promise.all(Array.from({ length: workers }, (_, worker) => one(worker)));
      expect(most).toBe(cap);
      expect(await balances(store, [left, right])).toEqual([
        { posted: 0n, pending: 0n },
        { posted: 0n, pending: 0n },
      ]);
      expect(await places(store)).toEqual([]);
    });

    it('are not taken by a call that comes while its run is being ended', async () => {
      const [control, run_id] = [makeId('control'), await openRun(store)];
      let commit = (): void => undefined;
      const may_commit = new Promise<void>((resolve) => {
        commit = resolve;
      });
      let is_ended = false;
      const ending = store.db.tenant(store.tenant_id, async (tx) => {
        await lockRuns(tx, [run_id]);
        await endRun(tx, { id: run_id, ...killed });
        is_ended = true;
        await may_commit;
      });
      await waitFor(() => is_ended, { what: 'the end of the run' });
      const late = call(store, run_id, [control]);
      expect(await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 200, 'waits'))])).toBe('waits');
      commit();
      await ending;
      expect((await late).outcome).toBe('run_closed');
      expect(await places(store)).toEqual([]);
    });

    it('are kept by the runs that are in flight when the limit is lowered, and given to no other', async () => {
      const control = makeId('control');
      const runs = [await openRun(store), await openRun(store), await openRun(store)];
      const late = await openRun(store);
      for (const id of runs) expect((await call(store, id, [control], 3n)).outcome).toBe('admitted');
      for (const id of runs)
        expect(await call(store, id, [control], 2n)).toMatchObject({
          outcome: 'admitted',
          seen: [{ pending: 2n, has_place: true }],
        });
      expect((await call(store, late, [control], 2n)).outcome).toBe('refused');
      await endAll(store, runs.slice(0, 2));
      expect((await call(store, late, [control], 2n)).outcome).toBe('admitted');
      await endAll(store, [...runs.slice(2), late]);
      expect(await places(store)).toEqual([]);
    });

    it('are given back when their run has ended before they came', async () => {
      const [control, run_id] = [makeId('control'), await openRun(store)];
      await call(store, run_id, [control]);
      const leave = () => store.db.tenant(store.tenant_id, leaveEndedRuns);
      expect(await leave()).toBe(0);
      await store.db.tenant(store.tenant_id, async (tx) => {
        const [place] = await tx.query<Record<string, unknown>>('delete from run_places returning *');
        await endRun(tx, { id: run_id, ...killed });
        await tx.query('insert into run_places select (jsonb_populate_record(null::run_places, $1)).*', [
          JSON.stringify(place),
        ]);
      });
      expect(await balances(store, [control])).toEqual([{ posted: 0n, pending: 1n }]);
      expect(await leave()).toBe(1);
      expect(await balances(store, [control])).toEqual([{ posted: 0n, pending: 0n }]);
      expect(await places(store)).toEqual([]);
    });

    it('are seen without its own by whoever looks for a run that has one', async () => {
      const control = makeId('control');
      const [inside, other] = [await openRun(store), await openRun(store)];
      await call(store, inside, [control]);
      const seen = (run_id: string) =>
        store.db.tenant(store.tenant_id, (tx) => balancesNow(tx, [lineOf(control)], run_id));
      expect([await seen(inside), await seen(other)]).toEqual([
        [{ posted: 0n, pending: 0n, has_place: true }],
        [{ posted: 0n, pending: 1n }],
      ]);
      await endAll(store, [inside, other]);
      expect(await places(store)).toEqual([]);
    });
  });
}

const killed = { status: 'cancelled', termination_reason: 'USER_ABORT', outcome_record: 'ABORTED', policy_id: null };

const lineOf = (control_id: string) => ({
  key: { control_id, subject: '*', window_start_ms: 0, since_ms: null },
  ...{ cap, base: 1n, rate: 0n, scale: 1, counts_runs: true as const },
});

/** A call of a run that ends at once: what it holds is given back, the place of its run is not. */
async function call({ db, tenant_id }: TestStore, run_id: string, controls: string[], max = cap): Promise<Admission> {
  const ask: AdmissionAsk = {
    ...{ id: makeId('decision'), run_id, run_must_exist: true, take: true, call: {} },
    output_tokens: { wanted: 0, floor: 0 },
    lines: controls.map((control_id) => ({ ...lineOf(control_id), cap: max })),
  };
  const admissions = await db.tenantFlight(tenant_id, async (tx) => {
    const [, answers] = await Promise.all([
      keepRunsOpen(tx, [run_id]),
      admit(tx, { control_epoch: '1', instance_id: 'ins', at_ms: 0, asks: [ask] }),
    ]);
    return answers;
  });
  await db.tenant(tenant_id, (tx) => releaseHolds(tx, [ask.id]));
  return admissions[0] as Admission;
}

const endAll = ({ db, tenant_id }: TestStore, ids: readonly string[]) =>
  db.tenant(tenant_id, async (tx) => {
    await lockRuns(tx, ids);
    for (const id of ids) await endRun(tx, { id, ...killed });
    // Whoever ends a run late finds that it has ended, and gives nothing back a second time.
    for (const id of ids) expect(await endRun(tx, { id, ...killed })).toBeUndefined();
  });

const balances = ({ db, tenant_id }: TestStore, controls: string[]) =>
  db.tenant(tenant_id, (tx) => balancesNow(tx, controls.map(lineOf)));

const places = ({ db, tenant_id }: TestStore) => db.tenant(tenant_id, (tx) => tx.query('select * from run_places'));

async function openRun({ db, tenant_id }: TestStore): Promise<string> {
  const who = { project_id: makeId('project'), agent_id: null, actor_id: null, session_id: null };
  const at = new Date().toISOString();
  const run: NewRun = {
    ...who,
    tenant_id,
    id: makeId('run'),
    api_key_id: makeId('api_key'),
    mode: 'managed',
    status: 'running',
    hold: 'none',
    identity: 'none',
    policy_snapshot_id: 'snp',
    policy_context: 'SYSTEM_DEFAULT',
    calls: 0,
    refused_calls: 0,
    input_tokens: 0,
    output_tokens: 0,
    estimated_cost_usd: '0',
    tags: {},
    is_synthetic: false,
    synthetic_scenario_id: null,
    created_at: at,
    started_at: at,
    last_activity_at: at,
  };
  await db.tenant(tenant_id, (tx) => openRuns(tx, [run]));
  return run.id;
}
