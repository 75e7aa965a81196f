import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { yamlOf } from './yaml.ts';

const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom('no', '1.50', '~', 'a: b', '- x', '#', ' lead'),
);
const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
    fc.dictionary(name, tie('value'), { minKeys: 1, maxKeys: 3 }),
  ),
}));

test('what is written is what a parser reads', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { minKeys: 1, maxKeys: 4 }), (document) => {
      expect(parse(yamlOf(document))).toEqual({ ...document });
    }),
  );
});

test('members without a value are left out', () => {
  expect(yamlOf({ name: 'A cap', owner: null, tags: [], target: { kind: 'all_runs' } })).toBe(
    'name: A cap\ntarget:\n  kind: all_runs\n',
  );
});
