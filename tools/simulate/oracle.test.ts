import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Ask, amountOf, Books, balanceKey, type Line } from './oracle.ts';

const day = (more: Partial<Line>): Line => ({
  key: balanceKey('ctl_a', 'together', '2026-01-01'),
  cap: 100n,
  base: 0n,
  rate: 1n,
  scale: 1n,
  enforce: true,
  ...more,
});
const exactly = (output: number, ...lines: Line[]): Ask => ({ lines, output_bound: output, output_min: output });

describe('admission', () => {
  test('reaching exactly the limit is allowed, the next unit is not', () => {
    const books = new Books();
    expect(books.admit(exactly(100, day({})))).toMatchObject({ admitted: true, clamped: false });
    expect(books.admit(exactly(1, day({})))).toEqual({
      admitted: false,
      lacks: [{ key: day({}).key, asked: 1n, posted: 0n, pending: 100n, cap: 100n }],
    });
  });

  test('all holds or none: a refusal leaves every balance as it was', () => {
    const books = new Books();
    const roomy = day({ key: 'roomy' });
    const tight = day({ key: 'tight', cap: 5n });
    expect(books.admit(exactly(6, roomy, tight))).toMatchObject({ admitted: false, lacks: [{ key: 'tight' }] });
    expect(books.balance('roomy')).toEqual({ posted: 0n, pending: 0n });
  });

  test('an omitted bound shrinks to what the tightest balance pays, an explicit one never', () => {
    const books = new Books();
    const lines = [day({ base: 20n, rate: 3n }), day({ key: 'other', cap: 1_000n })];
    expect(books.admit({ lines, output_bound: 4096, output_min: 4096 }).admitted).toBe(false);
    expect(books.admit({ lines, output_bound: 4096, output_min: 16 })).toMatchObject({
      output_bound: 26,
      clamped: true,
    });
    expect(books.balance(day({}).key)).toEqual({ posted: 0n, pending: 98n });
    expect(books.admit({ lines, output_bound: 4096, output_min: 16 }).admitted).toBe(false);
  });

  test('shadow lines and lines without a cap count and never refuse', () => {
    const books = new Books();
    const lines = [day({ enforce: false }), day({ key: 'free', cap: null })];
    expect(books.admit({ lines, output_bound: 500, output_min: 16 })).toMatchObject({ output_bound: 500 });
    expect(books.balance('free').pending).toBe(500n);
    expect(books.check()).toEqual([]);
  });

  test('amounts are rounded up once', () => {
    expect(amountOf(day({ base: 1n, rate: 1n, scale: 3n }), 1)).toBe(1n);
    expect(amountOf(day({ base: 1n, rate: 1n, scale: 3n }), 3)).toBe(2n);
    expect(amountOf(day({ base: 0n, rate: 0n, scale: 3n }), 9)).toBe(0n);
  });
});

describe('an ending', () => {
  const admitted = (books: Books, output: number): number => {
    const admission = books.admit(exactly(output, day({})));
    if (!admission.admitted) throw new Error('not admitted');
    return admission.hold;
  };

  test('happens once: later settlements and releases get the first one', () => {
    const books = new Books();
    const hold = admitted(books, 60);
    const first = books.settle(hold, new Map([[day({}).key, 25n]]));
    expect(books.settle(hold, new Map([[day({}).key, 60n]]))).toBe(first);
    expect(books.release(hold)).toBe(first);
    expect(books.balance(day({}).key)).toEqual({ posted: 25n, pending: 0n });
    expect(books.admit(exactly(75, day({}))).admitted).toBe(true);
  });

  test('posts an over-report in full, says by how much, and then refuses', () => {
    const books = new Books();
    const ending = books.settle(admitted(books, 60), new Map([[day({}).key, 130n]]));
    expect(ending.over).toEqual(new Map([[day({}).key, 70n]]));
    expect(books.check()).toEqual([]);
    expect(books.admit(exactly(1, day({}))).admitted).toBe(false);
  });
});

const keys = ['a', 'b', 'c', 'd'];
/** The cap of a balance stays the same through a run, as that of one version of a policy does. */
const lineOf = fc.record({
  key: fc.constantFrom(...keys),
  base: fc.bigInt({ min: 0n, max: 400n }),
  rate: fc.bigInt({ min: 0n, max: 9n }),
  scale: fc.bigInt({ min: 1n, max: 4n }),
});
const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('admit' as const),
      lines: fc.uniqueArray(lineOf, { selector: ({ key }) => key, minLength: 1 }),
      most: fc.nat(300),
      least: fc.nat(300),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const), hold: fc.nat(30), percent: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), hold: fc.nat(30) }) },
);

test('over any sequence: never over a cap, sums always right, clamps as wide as can be, all or none', () => {
  const run = fc.record({
    caps: fc.array(fc.bigInt({ min: 0n, max: 5_000n }), { minLength: 4, maxLength: 4 }),
    operations: fc.array(operation, { maxLength: 60 }),
  });
  fc.assert(
    fc.property(run, ({ caps, operations }) => {
      const books = new Books();
      const holds: { hold: number; amounts: Map<string, bigint> }[] = [];
      const capOf = (key: string): bigint => caps[keys.indexOf(key)] ?? 0n;
      const used = (key: string): bigint => books.balance(key).posted + books.balance(key).pending;
      for (const each of operations) {
        if (each.kind === 'admit') {
          const lines = each.lines.map((line) => ({ ...line, cap: capOf(line.key), enforce: true }));
          const [output_min, output_bound] = [Math.min(each.most, each.least), Math.max(each.most, each.least)];
          const before = new Map(keys.map((key) => [key, used(key)]));
          const fits = (output: number) =>
            lines.every((line) => (before.get(line.key) ?? 0n) + amountOf(line, output) <= line.cap);
          const admission = books.admit({ lines, output_bound, output_min });
          expect(admission.admitted).toBe(fits(output_min));
          if (admission.admitted) {
            expect(fits(admission.output_bound)).toBe(true);
            expect(admission.output_bound === output_bound || !fits(admission.output_bound + 1)).toBe(true);
            for (const line of lines) {
              expect(used(line.key) - (before.get(line.key) ?? 0n)).toBe(amountOf(line, admission.output_bound));
            }
            holds.push(admission);
          } else {
            expect(new Map(keys.map((key) => [key, used(key)]))).toEqual(before);
          }
        } else {
          const target = holds[each.hold];
          if (!target) continue;
          if (each.kind === 'release') books.release(target.hold);
          else {
            const actual = [...target.amounts].map(
              ([key, held]) => [key, (held * BigInt(each.percent)) / 100n] as const,
            );
            books.settle(target.hold, new Map(actual));
          }
        }
        for (const key of keys) expect(used(key)).toBeLessThanOrEqual(capOf(key));
        expect(books.check()).toEqual([]);
      }
      for (const { hold } of holds) books.release(hold);
      for (const key of books.keys()) expect(books.balance(key).pending).toBe(0n);
    }),
    { numRuns: 300 },
  );
});
