import { expect, test } from 'vitest';
import { heldRows } from './held-rows.ts';

const row = (id: string, state = 'running') => ({ id, state });
const keyOf = ({ id }: { id: string }) => id;

test('new rows wait above, rows in sight keep their places and show their latest state', () => {
  const before = [row('b'), row('a')];
  const now = [row('d'), row('c'), row('b', 'ended'), row('a')];
  expect(heldRows(before, now, keyOf)).toEqual({ rows: [row('b', 'ended'), row('a')], waiting: 2 });
});

test('a row that left the list stays as it was last seen', () => {
  expect(heldRows([row('b'), row('a')], [row('a')], keyOf)).toEqual({ rows: [row('b'), row('a')], waiting: 0 });
});

test('a further page is added below and does not wait', () => {
  const further = heldRows([row('c'), row('b')], [row('c'), row('b'), row('a')], keyOf);
  expect(further).toEqual({ rows: [row('c'), row('b'), row('a')], waiting: 0 });
});
