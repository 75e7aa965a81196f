import { expect, test } from 'vitest';
import { cursorIn } from './cursor.ts';

const keyOf = (id: string) => id;

test('the cursor stays with its row when others come above it', () => {
  expect(cursorIn({ key: 'b', at: 1 }, ['new', 'a', 'b'], keyOf)).toEqual({ at: 2, is_gone: false });
});

test('a row that is gone leaves its place to no other', () => {
  expect(cursorIn({ key: 'b', at: 1 }, ['a', 'c'], keyOf)).toEqual({ at: 1, is_gone: true });
  expect(cursorIn({ key: 'b', at: 1 }, ['a'], keyOf)).toEqual({ at: 0, is_gone: true });
});

test('before the list is come to, the place counts', () => {
  expect(cursorIn({ key: null, at: 0 }, ['new', 'a'], keyOf)).toEqual({ at: 0, is_gone: false });
  expect(cursorIn({ key: null, at: 0 }, [], keyOf)).toEqual({ at: 0, is_gone: false });
});
