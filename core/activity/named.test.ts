import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leavingOut, namedBy, naming } from './named.ts';

test('values are named or left out', () => {
  expect(namedBy(['a', '!b', '!c'])).toEqual({ some: ['a'], none: ['b', 'c'] });
  expect(namedBy(['!b'])).toEqual({ some: undefined, none: ['b'] });
  expect(namedBy(['a'])).toEqual({ some: ['a'], none: undefined });
  expect(namedBy(['!!b', String.raw`\!b`, String.raw`\\!b`, String.raw`\b`])).toEqual({
    some: ['!b', String.raw`\!b`, String.raw`\b`],
    none: ['!b'],
  });
});

test('every name can be written, to be among what is listed or to be left out', () => {
  const name = fc.string({ unit: fc.constantFrom('!', '\\', 'a'), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(name, name, (named, left_out) => {
      expect(namedBy([naming(named), leavingOut(left_out)])).toEqual({ some: [named], none: [left_out] });
    }),
  );
});
