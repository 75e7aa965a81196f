import { amountOf, grantedBound, reserve, type Seen } from '@aos/core/policies/reserve.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { type Admission, admit } from '@aos/server/store/admission.ts';
import type { AdmissionAsk } from '@aos/server/store/admission-batch.ts';
import type { BookLine, Posting } from '@aos/server/store/balance.ts';
import { endAllHolds, postBalances } from '@aos/server/store/usage.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseKinds } from '../parts/database.ts';
import { freshStore, type TestStore } from '../parts/store.ts';
import {
  anyAsked,
  anyLimit,
  areTogether,
  beginning,
  type Counted,
  callOf,
  counts,
  estimateOf,
  matchedBy,
} from './naive-books.ts';

const minute = 60_000;
const begun_ms = Date.UTC(2026, 0, 5, 12);

/** A line on one of three balances, of which the last counts over the buckets of the last three minutes. */
const anyLine = fc.record({
  control: fc.integer({ min: 0, max: 2 }),
  cap: fc.option(fc.bigInt({ min: 0n, max: 2_500n }), { freq: 4 }),
  base: fc.bigInt({ min: 0n, max: 300_000n }),
  rate: fc.bigInt({ min: 0n, max: 2_000n }),
  scale: fc.constantFrom(1000, 1000, 1),
});
const anyCall = fc.record({
  lines: fc.uniqueArray(anyLine, { selector: (line) => line.control, maxLength: 3 }),
  wanted: fc.integer({ min: 0, max: 300 }),
  floor_part: fc.integer({ min: 0, max: 105 }),
  /** Seconds after the instant of its round: calls of one batch may count on different buckets. */
  later_s: fc.integer({ min: -2, max: 2 }),
  take: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
});
const anyRound = fc.record({
  calls: fc.array(anyCall, { minLength: 1, maxLength: 6 }),
  /** Which open holds end before the calls of the round, and with which part of what was held. */
  ends: fc.array(fc.record({ hold: fc.nat(50), part: fc.integer({ min: 0, max: 100 }) }), { maxLength: 4 }),
  later_minutes: fc.integer({ min: 0, max: 2 }),
});

interface Held {
  ask: AdmissionAsk;
  amounts: bigint[];
}

/** The books as one would keep them by hand: one call after the other. */
class ByHand {
  readonly balances = new Map<string, { posted: bigint; pending: bigint; key: BookLine['key'] }>();

  of(key: BookLine['key']) {
    const name = `${key.control_id} ${key.window_start_ms}`;
    const balance = this.balances.get(name) ?? { posted: 0n, pending: 0n, key };
    this.balances.set(name, balance);
    return balance;
  }

  seen(line: BookLine): Seen {
    const { posted, pending } = this.of(line.key);
    const seen = { posted, pending };
    const { since_ms } = line.key;
    if (since_ms === null) return seen;
    for (const { key, posted, pending } of this.balances.values()) {
      if (key.control_id !== line.key.control_id || key.window_start_ms <= since_ms) continue;
      if (key.window_start_ms === line.key.window_start_ms) continue;
      seen.posted += posted;
      seen.pending += pending;
    }
    return seen;
  }

  admit(ask: AdmissionAsk): Admission {
    const seen = ask.lines.map((line) => this.seen(line));
    const lines = ask.lines.map((line, n) => ({ line: line as never, seen: seen[n] as Seen }));
    const output_bound = grantedBound(lines, ask.output_tokens);
    if (output_bound === null) return { outcome: 'refused', output_bound, seen };
    if (!ask.take) return { outcome: 'peeked', output_bound, seen };
    for (const line of ask.lines) this.of(line.key).pending += amountOf(line, output_bound);
    return { outcome: 'admitted', output_bound, seen };
  }
}

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`calls at the gate, with the endings before them, ${title}`, () => {
    let store: TestStore;
    beforeAll(async () => {
      store = await freshStore(kind);
    });
    afterAll(() => store?.drop());

    it('are admitted in one batch as if each had come alone', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyRound, { minLength: 1, maxLength: 5 }), async (rounds) => {
          const prefix = makeId('control');
          const books = new ByHand();
          const open: Held[] = [];
          let at_ms = begun_ms;
          for (const round of rounds) {
            at_ms += round.later_minutes * minute;
            const ended = round.ends.flatMap(({ hold, part }) =>
              open.length === 0 ? [] : open.splice(hold % open.length, 1).map((held) => ({ held, part })),
            );
            const postings = ended.flatMap(({ held, part }) => postingsOf(held, part));
            for (const { held, part } of ended) settleByHand(books, held, part);
            const asks = round.calls.map((call) => askOf(prefix, at_ms, call));
            const [, admissions] = await store.db.tenantFlight(store.tenant_id, (tx) =>
              Promise.all([
                endAllHolds(
                  tx,
                  ended.map(({ held }) => held.ask.id),
                ),
                admit(tx, { control_epoch: '1', instance_id: 'ins', at_ms, asks, postings }),
              ]),
            );
            expect(admissions).toEqual(asks.map((ask) => books.admit(ask)));
            for (const [n, ask] of asks.entries()) {
              const admission = admissions[n] as Admission;
              if (admission.outcome !== 'admitted') continue;
              const amounts = ask.lines.map((line) => amountOf(line, admission.output_bound ?? 0));
              open.push({ ask, amounts });
            }
            expect(await storedHolds(prefix)).toEqual(open.map(holdRow).sort((a, b) => (a.id < b.id ? -1 : 1)));
          }
          const stored = await storedBalances(prefix);
          for (const { key, posted, pending } of books.balances.values())
            expect(stored.get(`${key.control_id} ${key.window_start_ms}`) ?? [0n, 0n]).toEqual([posted, pending]);
        }),
        { numRuns: 60, endOnFailure: true },
      );
    });

    it('see all that each of several limits has counted in its window, and nothing else', async () => {
      const limits = fc.array(anyLimit, { minLength: 1, maxLength: 4 });
      const calls = fc.array(anyAsked, { minLength: 2, maxLength: 14 });
      await fc.assert(
        fc.asyncProperty(limits, calls, beginning, async (limits, calls, begins_ms) => {
          const prefix = makeId('control');
          const matched = limits.map((limit, n) => matchedBy(limit, `${prefix}${n}`));
          const counted: Counted[] = [];
          let at_ms = begins_ms;
          for (const of of calls) {
            at_ms += of.later_ms;
            const { lines } = reserve(matched, callOf(of, store.tenant_id), estimateOf(of), at_ms);
            const ask: AdmissionAsk = {
              ...{ id: makeId('decision'), run_id: of.run_id, run_must_exist: false, take: true, lines },
              ...{ output_tokens: estimateOf(of).output_tokens, call: { prefix } },
            };
            const [admission] = await store.db.tenantFlight(store.tenant_id, (tx) =>
              admit(tx, { control_epoch: '1', instance_id: 'ins', at_ms, asks: [ask] }),
            );
            const { outcome, output_bound, seen } = admission as Admission;
            for (const [n, limit] of limits.entries()) {
              const before = counted.filter(
                (one) => one.control_id === `${prefix}${n}` && areTogether(limit, one.of, of),
              );
              const sumOf = (which: 'surely' | 'at_most') =>
                before.reduce(
                  (sum, one) => (counts(limit.window, one.at_ms, at_ms)[which] ? sum + one.amount : sum),
                  0n,
                );
              const found = (seen[n]?.posted ?? 0n) + (seen[n]?.pending ?? 0n);
              expect(found).toBeGreaterThanOrEqual(sumOf('surely'));
              expect(found).toBeLessThanOrEqual(sumOf('at_most'));
            }
            if (outcome !== 'admitted') continue;
            const held = lines.map((line) => amountOf(line, output_bound ?? 0));
            for (const [n, line] of lines.entries())
              expect((seen[n]?.posted ?? 0n) + (seen[n]?.pending ?? 0n) + (held[n] ?? 0n)).toBeLessThanOrEqual(
                line.max,
              );
            const part = of.used;
            if (part !== null) await settle({ ask, amounts: held }, part);
            for (const [n, amount] of held.entries())
              counted.push({
                ...{ of, at_ms, control_id: `${prefix}${n}` },
                amount: part === null ? amount : endedWith(amount, part),
              });
          }
        }),
        { numRuns: 40, endOnFailure: true },
      );
    });

    const settle = (held: Held, part: number) =>
      store.db.tenantFlight(store.tenant_id, (tx) =>
        Promise.all([endAllHolds(tx, [held.ask.id]), postBalances(tx, postingsOf(held, part))]),
      );

    it('are told that control has moved on, and what ended before them is posted all the same', async () => {
      const prefix = makeId('control');
      const ask = askOf(prefix, begun_ms, {
        lines: [lineOf(0, 1_000n)],
        wanted: 10,
        floor_part: 100,
        later_s: 0,
        take: true,
      });
      const [held] = await store.db.tenantFlight(store.tenant_id, (tx) =>
        admit(tx, { control_epoch: '1', instance_id: 'ins', at_ms: begun_ms, asks: [ask] }),
      );
      expect(held?.outcome).toBe('admitted');
      const next = { ...ask, id: makeId('decision') };
      const [, [stale]] = await store.db.tenantFlight(store.tenant_id, (tx) =>
        Promise.all([
          endAllHolds(tx, [ask.id]),
          admit(tx, {
            control_epoch: '0',
            instance_id: 'ins',
            at_ms: begun_ms,
            asks: [next],
            postings: postingsOf({ ask, amounts: [amountOf(ask.lines[0] as BookLine, 10)] }, 50),
          }),
        ]),
      );
      expect(stale?.outcome).toBe('stale');
      expect(await storedBalances(prefix)).toEqual(new Map([[`${prefix}0 ${begun_ms}`, [5n, 0n]]]));
      expect(await storedHolds(prefix)).toEqual([]);
    });

    async function storedBalances(prefix: string): Promise<Map<string, bigint[]>> {
      const rows = await store.db.tenant(store.tenant_id, (tx) =>
        tx.query<{ name: string; posted: string; pending: string }>(
          `select control_id || ' ' || (extract(epoch from window_start) * 1000)::bigint as name, posted::text, pending::text
             from balances where control_id like $1 || '%' and window_start > '-infinity'`,
          [prefix],
        ),
      );
      return new Map(rows.map((row) => [row.name, [BigInt(row.posted), BigInt(row.pending)]]));
    }

    const storedHolds = (prefix: string) =>
      store.db.tenant(store.tenant_id, (tx) =>
        tx.query<{ id: string }>(
          `select id, control_ids, subjects, array_to_json(window_starts) as starts, amounts, call from holds
            where call ->> 'prefix' = $1 order by id`,
          [prefix],
        ),
      );
  });
}

type CallOf = typeof anyCall extends fc.Arbitrary<infer T> ? T : never;

const lineOf = (control: number, cap: bigint | null): CallOf['lines'][number] => ({
  control,
  cap,
  base: 0n,
  rate: 1_000n,
  scale: 1000,
});

function askOf(prefix: string, at_ms: number, call: CallOf): AdmissionAsk {
  const lines = call.lines.map(({ control, ...line }): BookLine => {
    const rolling = control === 2;
    const called_ms = at_ms + (call.later_s > 0 ? call.later_s * 1000 : 0);
    const window_start_ms = rolling ? called_ms : begun_ms;
    const key = { control_id: `${prefix}${control}`, subject: 'a"b\\c', window_start_ms };
    return { ...line, key: { ...key, since_ms: rolling ? called_ms - 3 * minute : null } };
  });
  const floor = Math.floor((call.wanted * call.floor_part) / 100);
  return {
    id: makeId('decision'),
    run_id: makeId('run'),
    run_must_exist: false,
    take: call.take,
    output_tokens: { wanted: call.wanted, floor },
    lines,
    call: { prefix, output_bound: call.wanted },
  };
}

const endedWith = (amount: bigint, part: number) => (amount * BigInt(part)) / 100n;

const postingsOf = ({ ask, amounts }: Held, part: number): Posting[] =>
  ask.lines.map(({ key }, n) => ({
    control_id: key.control_id,
    subject: key.subject,
    window_start: new Date(key.window_start_ms).toISOString(),
    held: amounts[n] ?? 0n,
    actual: endedWith(amounts[n] ?? 0n, part),
  }));

function settleByHand(books: ByHand, { ask, amounts }: Held, part: number): void {
  for (const [n, { key }] of ask.lines.entries()) {
    const balance = books.of(key);
    balance.pending -= amounts[n] ?? 0n;
    balance.posted += endedWith(amounts[n] ?? 0n, part);
  }
}

const holdRow = ({ ask, amounts }: Held) => ({
  id: ask.id,
  control_ids: ask.lines.map(({ key }) => key.control_id),
  subjects: ask.lines.map(({ key }) => key.subject),
  starts: ask.lines.map(({ key }) => expect.stringContaining(new Date(key.window_start_ms).toISOString().slice(0, 19))),
  amounts: amounts.map(String),
  call: { ...ask.call, output_bound: ask.lines.length === 0 ? ask.output_tokens.wanted : expect.any(Number) },
});
