import fc from 'fast-check';
import { TypeID } from 'typeid-js';
import { expect, test } from 'vitest';
import { firstSuffixAt, type IdKind, idOf, instantOf, isIdOf, suffixOf } from './id.ts';

const made = fc.record({
  epoch_ms: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  sequence: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  chance: fc.maxSafeInteger().map((n) => Math.abs(n) % 2 ** 42),
});

test('a suffix is the UUIDv7 of its parts, as another library reads it', () => {
  fc.assert(
    fc.property(made, ({ epoch_ms, sequence, chance }) => {
      const suffix = suffixOf(epoch_ms, sequence, chance);
      expect(idOf('run').safeParse(`run_${suffix}`).success).toBe(true);
      const bits = BigInt(`0x${TypeID.fromString(`run_${suffix}`).toUUID().replaceAll('-', '')}`);
      const part = (from: bigint, count: bigint) => Number((bits >> from) & ((1n << count) - 1n));
      expect([part(80n, 48n), part(76n, 4n), part(62n, 2n), part(0n, 42n)]).toEqual([epoch_ms, 7, 2, chance]);
      expect(part(64n, 12n) * 2 ** 20 + part(42n, 20n)).toBe(sequence);
      expect(instantOf(`run_${suffix}`)).toBe(epoch_ms);
    }),
  );
});

test('suffixes sort by instant, then by sequence, and none comes before the first of its instant', () => {
  fc.assert(
    fc.property(made, made, (one, other) => {
      const [a, b] = [one, other].map((of) => suffixOf(of.epoch_ms, of.sequence, of.chance)) as [string, string];
      const order = one.epoch_ms - other.epoch_ms || one.sequence - other.sequence || one.chance - other.chance;
      expect(Math.sign(a < b ? -1 : a > b ? 1 : 0)).toBe(Math.sign(order));
      expect(firstSuffixAt(one.epoch_ms) <= a).toBe(true);
    }),
  );
});

test.each([-1, 0.5, Number.NaN, Infinity])('%s is no instant of an id', (epoch_ms) => {
  expect(() => firstSuffixAt(epoch_ms)).toThrow('no instant of an id');
});

test('a text has the form of an id for both or for neither of the two that say so', () => {
  const kinds = fc.constantFrom<IdKind>('run', 'step', 'price');
  const made_text = fc
    .tuple(fc.constantFrom('run_', 'stp_', 'prc_', 'run', ''), fc.constantFrom(...'0789az'))
    .chain(([prefix, first]) => fc.stringMatching(/^[0-9a-z]{23,26}$/).map((rest) => prefix + first + rest));
  fc.assert(
    fc.property(kinds, fc.oneof(made_text, fc.string()), (kind, text) => {
      expect(isIdOf(kind, text)).toBe(idOf(kind).safeParse(text).success);
    }),
  );
  expect(isIdOf('run', 'run_01jz0000000000000000000000')).toBe(true);
  expect(isIdOf('run', 'run_01jz0000000000000000000000\n')).toBe(false);
});
