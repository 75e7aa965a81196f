import { makeId } from '@aos/server/base/deps.ts';
import { type Admission, admit } from '@aos/server/store/admission.ts';
import type { AdmissionAsk } from '@aos/server/store/admission-batch.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Books } from '../../tools/simulate/oracle.ts';
import { databaseKinds } from '../parts/database.ts';
import { freshStore, settleHold, type TestStore } from '../parts/store.ts';

const scales = [1, 1000] as const;
const anyLine = fc.record({
  control: fc.integer({ min: 0, max: 3 }),
  base: fc.bigInt({ min: 0n, max: 400_000n }),
  rate: fc.bigInt({ min: 0n, max: 3_000n }),
  scale: fc.constantFrom(...scales),
  enforce: fc.boolean(),
});
const anyCall = fc.record({
  lines: fc.uniqueArray(anyLine, { selector: (line) => line.control, maxLength: 4 }),
  wanted: fc.integer({ min: 0, max: 400 }),
  floor_part: fc.integer({ min: 0, max: 100 }),
});
const anyRound = fc.record({
  calls: fc.array(anyCall, { minLength: 1, maxLength: 6 }),
  /** Which open holds end after the round, and with which part of what was held. */
  ends: fc.array(fc.record({ hold: fc.nat(50), part: fc.integer({ min: 0, max: 110 }) }), { maxLength: 6 }),
});

type CallOf = typeof anyCall extends fc.Arbitrary<infer T> ? T : never;

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`the books ${title}`, () => {
    let store: TestStore;
    beforeAll(async () => {
      store = await freshStore(kind);
    });
    afterAll(() => store?.drop());

    it('agree with the reference on any sequence of batches and endings', async () => {
      const property = fc.asyncProperty(
        fc.array(anyRound, { maxLength: 6 }),
        fc.bigInt({ min: 0n, max: 3_000n }),
        async (rounds, cap) => {
          const prefix = makeId('control');
          const books = new Books();
          const open: { id: string; number: number; keys: string[]; amounts: bigint[] }[] = [];
          for (const round of rounds) {
            const asks = round.calls.map((call) => askOf(prefix, cap, call));
            const admissions = await store.db.tenantFlight(store.tenant_id, (tx) =>
              admit(tx, { control_epoch: '1', instance_id: 'ins', at_ms: 0, asks }),
            );
            for (const [n, ask] of asks.entries()) {
              const admission = admissions[n] as Admission;
              const reference = books.admit(referenceOf(ask));
              expect(admission.outcome).toBe(reference.admitted ? 'admitted' : 'refused');
              if (!reference.admitted) continue;
              expect(admission.output_bound).toBe(reference.output_bound);
              const keys = ask.lines.map((line) => line.key.control_id);
              open.push({
                id: ask.id,
                number: reference.hold,
                keys,
                amounts: keys.map((key) => reference.amounts.get(key) ?? 0n),
              });
            }
            for (const end of round.ends) {
              const [hold] = open.length > 0 ? open.splice(end.hold % open.length, 1) : [];
              if (!hold) continue;
              const actual = hold.amounts.map((amount) => (amount * BigInt(end.part)) / 100n);
              const settled = await store.db.tenant(store.tenant_id, (tx) =>
                settleHold(tx, hold.id, (_, n) => actual[n] ?? 0n),
              );
              const again = await store.db.tenant(store.tenant_id, (tx) =>
                settleHold(tx, hold.id, (_, n) => actual[n] ?? 0n),
              );
              expect([settled, again]).toEqual([true, false]);
              books.settle(hold.number, new Map(hold.keys.map((key, n) => [key, actual[n] ?? 0n])));
            }
            expect(books.check()).toEqual([]);
          }
          for (const key of books.keys()) {
            const { posted, pending } = books.balance(key);
            expect(await balanceIn(store, key)).toEqual({ posted: String(posted), pending: String(pending) });
          }
        },
      );
      await fc.assert(property, { numRuns: 120 });
    });

    it('never pass a cap when many connections admit and settle at once', async () => {
      const control_id = makeId('control');
      const cap = 10_000n;
      const worker = async (seed: number) => {
        for (let n = 0; n < 40; n++) {
          const asks = [0, 1, 2].map((k) => plainAsk(control_id, cap, BigInt(((seed * 7 + n * 13 + k * 5) % 90) + 10)));
          const admissions = await store.db.tenantFlight(store.tenant_id, (tx) =>
            admit(tx, { control_epoch: '1', instance_id: 'ins', at_ms: 0, asks }),
          );
          for (const [k, ask] of asks.entries()) {
            if (admissions[k]?.outcome !== 'admitted') continue;
            await store.db.tenant(store.tenant_id, (tx) => settleHold(tx, ask.id, (held) => held / 2n));
          }
          const { posted, pending } = await balanceIn(store, control_id);
          expect(BigInt(posted) + BigInt(pending)).toBeLessThanOrEqual(cap);
        }
      };
      await Promise.all([1, 2, 3, 4, 5, 6].map(worker));
      const { posted, pending } = await balanceIn(store, control_id);
      expect(pending).toBe('0');
      expect(BigInt(posted)).toBeGreaterThan(cap - 100n);
    });

    it('count a rolling window over its buckets, and lock it whole', async () => {
      const control_id = makeId('control');
      const at = (bucket_s: number) => ({
        control_id,
        subject: '*',
        window_start_ms: bucket_s * 1000,
        since_ms: (bucket_s - 10) * 1000,
      });
      const ask = (bucket_s: number) => ({
        ...plainAsk(control_id, 100n, 40n),
        lines: [{ key: at(bucket_s), cap: 100n, base: 40n, rate: 0n, scale: 1 }],
      });
      const outcomes = [];
      for (const bucket of [1000, 1005, 1009, 1011, 1016]) {
        const [admission] = await store.db.tenantFlight(store.tenant_id, (tx) =>
          admit(tx, { control_epoch: '1', instance_id: 'ins', at_ms: 0, asks: [ask(bucket)] }),
        );
        outcomes.push(admission?.outcome);
      }
      expect(outcomes).toEqual(['admitted', 'admitted', 'refused', 'admitted', 'admitted']);
    });

    it('admit nothing under a control epoch that has passed', async () => {
      const asks = [plainAsk(makeId('control'), 100n, 1n)];
      const [admission] = await store.db.tenantFlight(store.tenant_id, (tx) =>
        admit(tx, { control_epoch: '0', instance_id: 'ins', at_ms: 0, asks }),
      );
      expect(admission?.outcome).toBe('stale');
    });
  });
}

function askOf(prefix: string, cap: bigint, call: CallOf): AdmissionAsk {
  const lines = call.lines.map((line) => ({
    key: { control_id: `${prefix}${line.control}`, subject: '*', window_start_ms: 0, since_ms: null },
    cap: line.enforce ? cap : null,
    base: line.base / (line.scale === 1 ? 1000n : 1n),
    rate: line.scale === 1 ? line.rate / 1000n : line.rate,
    scale: line.scale,
  }));
  const output_tokens = { wanted: call.wanted, floor: Math.floor((call.wanted * call.floor_part) / 100) };
  return {
    id: makeId('decision'),
    run_id: makeId('run'),
    run_must_exist: false,
    take: true,
    output_tokens,
    lines,
    call: {},
  };
}

const plainAsk = (control_id: string, cap: bigint, base: bigint): AdmissionAsk => ({
  id: makeId('decision'),
  run_id: makeId('run'),
  run_must_exist: false,
  take: true,
  output_tokens: { wanted: 0, floor: 0 },
  lines: [{ key: { control_id, subject: '*', window_start_ms: 0, since_ms: null }, cap, base, rate: 0n, scale: 1 }],
  call: {},
});

const referenceOf = (ask: AdmissionAsk) => ({
  lines: ask.lines.map((line) => ({
    ...line,
    key: line.key.control_id,
    scale: BigInt(line.scale),
    enforce: line.cap !== null,
  })),
  output_bound: ask.output_tokens.wanted,
  output_min: ask.output_tokens.floor,
});

async function balanceIn(store: TestStore, control_id: string) {
  const rows = await store.db.tenant(store.tenant_id, (tx) =>
    tx.query<{ posted: string; pending: string }>('select posted, pending from balances where control_id = $1', [
      control_id,
    ]),
  );
  return rows[0] ?? { posted: '0', pending: '0' };
}
