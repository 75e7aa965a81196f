import { sibling } from '@aos/core/base/id.ts';
import type { Deps } from '@aos/server/base/deps.ts';
import { makeId, realClock } from '@aos/server/base/deps.ts';
import { createMetrics } from '@aos/server/base/metrics.ts';
import type { AtGate } from '@aos/server/govern/admit.ts';
import { type Books, createBooks } from '@aos/server/govern/books.ts';
import { createLater } from '@aos/server/govern/later.ts';
import type { Outcome } from '@aos/server/govern/settle.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseKinds } from '../parts/database.ts';
import { freshStore, settleHold, type TestStore } from '../parts/store.ts';

const at = new Date().toISOString();
const window_start = '1970-01-01T00:00:00.000Z';

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`the lane of admissions and settlements ${title}`, () => {
    let store: TestStore;
    beforeAll(async () => {
      store = await freshStore(kind, 12);
    });
    afterAll(() => store?.drop());

    it('keeps the books exact when replicas admit and settle together', async () => {
      const controls = [makeId('control'), makeId('control'), makeId('control')];
      const replicas = [replica(store), replica(store), replica(store)];
      let admitted = 0;
      const caller = async (seed: number) => {
        const books = replicas[seed % replicas.length] as Books;
        for (let n = 0; n < 12; n++) {
          // Controls in another order for each caller: whoever locks in the order asked for would deadlock.
          const mine = controls.map((_, k) => controls[(seed + k) % controls.length] as string).slice(0, 2);
          const call = callOver(store, mine, 60n, 6_000n);
          const admission = await books.admit(store.tenant_id, call);
          if (admission.outcome !== 'admitted') continue;
          admitted++;
          expect(await books.settle(store.tenant_id, outcomeOf(store, call, 40n))).toBe(true);
        }
      };
      await Promise.all(Array.from({ length: 18 }, (_, seed) => caller(seed)));
      const [sums] = await store.db.tenant(store.tenant_id, (tx) =>
        tx.query<{ posted: string; pending: string; most: string }>(
          'select sum(posted)::text posted, sum(pending)::text pending, max(posted)::text most from balances where control_id = any ($1)',
          [controls],
        ),
      );
      expect(sums).toMatchObject({ posted: String(admitted * 2 * 40), pending: '0' });
      expect(BigInt(sums?.most ?? 0)).toBeLessThanOrEqual(6_000n);
      expect(await countOf(store, 'steps')).toBe(admitted);
      expect(await countOf(store, 'holds')).toBe(0);
    });

    it('writes the neighbours of a call that somebody else has settled, and not that call', async () => {
      const books = replica(store);
      const control = makeId('control');
      const [one, two] = [callOver(store, [control], 10n, 100n), callOver(store, [control], 10n, 100n)];
      await Promise.all([books.admit(store.tenant_id, one), books.admit(store.tenant_id, two)]);
      await store.db.tenant(store.tenant_id, (tx) => settleHold(tx, one.ask.id, (held) => held));
      const before = await countOf(store, 'steps');
      const late = callOver(store, [control], 10n, 100n);
      const [settled_one, settled_two, admission] = await Promise.all([
        books.settle(store.tenant_id, outcomeOf(store, one, 5n)),
        books.settle(store.tenant_id, outcomeOf(store, two, 5n)),
        books.admit(store.tenant_id, late),
      ]);
      expect([settled_one, settled_two, admission.outcome]).toEqual([false, true, 'admitted']);
      expect(await countOf(store, 'steps')).toBe(before + 1);
      expect(await balanceOf(store, control)).toEqual({ posted: '15', pending: '10' });
    });

    it('settles what ended although what begins with it is stale', async () => {
      const books = replica(store);
      const control = makeId('control');
      const one = callOver(store, [control], 10n, 100n);
      await books.admit(store.tenant_id, one);
      const stale = { ...callOver(store, [control], 10n, 100n), control_epoch: '0' };
      const [settled, admission] = await Promise.all([
        books.settle(store.tenant_id, outcomeOf(store, one, 10n)),
        books.admit(store.tenant_id, stale),
      ]);
      expect([settled, admission.outcome]).toEqual([true, 'stale']);
      expect(await balanceOf(store, control)).toEqual({ posted: '10', pending: '0' });
    });
  });
}

function replica({ db }: TestStore): Books {
  const deps = { db, clock: realClock(), metrics: createMetrics(), instance_id: makeId('instance') } as unknown as Deps;
  return createBooks(deps, createLater(deps));
}

function callOver({ tenant_id }: TestStore, controls: string[], amount: bigint, cap: bigint): AtGate {
  const run_id = makeId('run');
  const who = { tenant_id, project_id: makeId('project'), agent_id: null, actor_id: null, session_id: null };
  const lines = controls.map((control_id) => ({
    key: { control_id, subject: '*', window_start_ms: 0, since_ms: null },
    cap,
    base: amount,
    rate: 0n,
    scale: 1,
  }));
  const usage = { calls: 0, refused_calls: 0, input_tokens: 0, output_tokens: 0, estimated_cost_usd: '0' };
  return {
    control_epoch: '1',
    ask: {
      id: makeId('decision'),
      run_id,
      run_must_exist: false,
      take: true,
      output_tokens: { wanted: 10, floor: 10 },
      lines,
      call: {},
    },
    new_run: {
      ...who,
      ...usage,
      id: run_id,
      api_key_id: makeId('api_key'),
      mode: 'gateway',
      status: 'running',
      hold: 'none',
      identity: 'none',
      policy_snapshot_id: makeId('snapshot'),
      policy_context: 'SYSTEM_DEFAULT',
      tags: { note: 'a "quoted" \\ name, {braces} and \u0000' },
      is_synthetic: false,
      synthetic_scenario_id: null,
      created_at: at,
      started_at: at,
      last_activity_at: at,
    },
  };
}

function outcomeOf({ tenant_id }: TestStore, { ask }: AtGate, actual: bigint): Outcome {
  const postings = ask.lines.map(({ key, base }) => ({
    control_id: key.control_id,
    subject: key.subject,
    window_start,
    held: base,
    actual,
  }));
  return {
    hold: { id: ask.id, postings },
    new_run: null,
    planned: null,
    step: {
      tenant_id,
      id: makeId('step'),
      trace_id: sibling(ask.run_id, 'trace'),
      run_id: ask.run_id,
      kind: 'llm',
      skill: 'llm',
      params: { model: 'a "model"' },
      status: 'succeeded',
      decision_id: ask.id,
      cost_usd: '0.000000001',
      error: null,
      started_at: at,
      ended_at: at,
      duration_ms: 1,
      is_synthetic: false,
    },
    record: null,
    decision: null,
    progress: {
      run_id: ask.run_id,
      calls: 1,
      refused_calls: 0,
      input_tokens: 1,
      output_tokens: 1,
      cost_usd: '0.000000001',
      last_refusal: null,
      violation_policy_id: null,
      policy_context: 'SYSTEM_DEFAULT',
      at,
    },
    violations: [],
    incidents: [],
    ledger: [],
    alerts: [],
  };
}

const countOf = async (store: TestStore, table: 'steps' | 'holds'): Promise<number> => {
  const [row] = await store.db.tenant(store.tenant_id, (tx) =>
    tx.query<{ n: number }>(`select count(*)::int n from ${table}`),
  );
  return row?.n ?? -1;
};

const balanceOf = async (store: TestStore, control_id: string) => {
  const [row] = await store.db.tenant(store.tenant_id, (tx) =>
    tx.query('select posted::text, pending::text from balances where control_id = $1', [control_id]),
  );
  return row;
};
