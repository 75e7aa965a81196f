import { firstSuffixAt } from '@aos/core/base/id.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { type Admission, admit } from '@aos/server/store/admission.ts';
import { endIdleRuns, type NewRun, openRuns } from '@aos/server/store/runs.ts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../parts/client.ts';
import { databaseKinds } from '../parts/database.ts';
import { freshStore, type TestStore } from '../parts/store.ts';

/** As old as a run must be to have been idle for a minute. */
const long_ago = '2026-01-01T00:00:00.000Z';
const idle_s = 60;
const before_now = () => `run_${firstSuffixAt(Date.now())}`;

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`a run that is idle ${title}`, () => {
    let store: TestStore;
    let owner: pg.Client;
    beforeAll(async () => {
      store = await freshStore(kind);
      owner = new pg.Client({ connectionString: store.url });
      await owner.connect();
    });
    afterAll(async () => {
      await owner?.end();
      await store?.drop();
    });

    it('takes no call that comes while it is being ended', async () => {
      const run_id = await idleRun(store);
      let finish = (): void => undefined;
      const may_finish = new Promise<void>((resolve) => {
        finish = resolve;
      });
      let ended: string[] | null = null;
      const ending = store.db.tenant(store.tenant_id, async (tx) => {
        ended = (await endIdleRuns(tx, idle_s, before_now(), 10)).map(({ id }) => id);
        await may_finish;
      });
      await waitFor(() => ended, { what: 'the end of the idle run' });
      const call = admission(store, run_id);
      await waitFor(async () => call.answer !== null || (await someoneWaits(owner)), { what: 'the call at the gate' });
      expect(call.answer).toBeNull();
      finish();
      await Promise.all([ending, call.done]);
      expect(ended).toEqual([run_id]);
      expect(call.answer?.outcome).toBe('run_closed');
      expect(await openHolds(store, run_id)).toBe(0);
    });

    it('goes on when a call was admitted to it just before', async () => {
      const run_id = await idleRun(store);
      let commit = (): void => undefined;
      const may_commit = new Promise<void>((resolve) => {
        commit = resolve;
      });
      const call = admission(store, run_id, may_commit);
      await waitFor(() => call.answer, { what: 'the admission' });
      let ended: string[] | null = null;
      const ending = store.db.tenant(store.tenant_id, async (tx) => {
        ended = (await endIdleRuns(tx, idle_s, before_now(), 10)).map(({ id }) => id);
      });
      await waitFor(async () => ended !== null || (await someoneWaits(owner)), { what: 'the worker at the gate' });
      expect(ended).toBeNull();
      commit();
      await Promise.all([ending, call.done]);
      expect([call.answer?.outcome, ended]).toEqual(['admitted', []]);
      expect(await openHolds(store, run_id)).toBe(1);
    });
  });
}

async function idleRun({ db, tenant_id }: TestStore): Promise<string> {
  const who = { project_id: makeId('project'), agent_id: null, actor_id: null, session_id: null };
  const run: NewRun = {
    ...who,
    tenant_id,
    id: makeId('run'),
    api_key_id: makeId('api_key'),
    mode: 'gateway',
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
    created_at: long_ago,
    started_at: long_ago,
    last_activity_at: long_ago,
  };
  await db.tenant(tenant_id, (tx) => openRuns(tx, [run]));
  return run.id;
}

/** A call that joins a run; its transaction is open until `may_commit`. */
function admission({ db, tenant_id }: TestStore, run_id: string, may_commit: Promise<void> = Promise.resolve()) {
  const call: { answer: Admission | null; done: Promise<void> } = { answer: null, done: Promise.resolve() };
  const ask = {
    id: makeId('decision'),
    run_id,
    run_must_exist: true,
    take: true,
    output_tokens: { wanted: 1, floor: 1 },
    lines: [],
    call: {},
  };
  const batch = { control_epoch: '1', instance_id: 'ins', at_ms: Date.now(), asks: [ask] };
  call.done = db.tenant(tenant_id, async (tx) => {
    const [answer] = await admit(tx, batch);
    call.answer = answer ?? null;
    await may_commit;
  });
  return call;
}

const someoneWaits = async (owner: pg.Client): Promise<boolean> => {
  const waiting = `select from pg_locks l join pg_database d on d.oid = l.database
    where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`;
  return (await owner.query(waiting)).rows.length > 0;
};

const openHolds = async ({ db, tenant_id }: TestStore, run_id: string): Promise<number> =>
  db.tenant(tenant_id, async (tx) => (await tx.query('select from holds where run_id = $1', [run_id])).length);
