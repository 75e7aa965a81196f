import { expect, test } from 'vitest';
import { PackedRows, place } from './packed-rows.ts';

const count = Object.keys(place).length;

/** A row as the database packs it, with these members. */
const packed = (of: Partial<Record<keyof typeof place, string>>): string =>
  Object.assign(
    new Array(count).fill(''),
    Object.fromEntries(Object.entries(of).map(([name, text]) => [place[name as keyof typeof place], text])),
  ).join('\u001f');

const rowsOf = (...rows: Parameters<typeof packed>[0][]) => new PackedRows(rows.map(packed).join('\u001e'));

test('nothing was read: there are no rows', () => {
  expect(new PackedRows('').length).toBe(0);
});

test('each row is looked at by itself, whatever its place and length', () => {
  const rows = rowsOf(
    { admitted_ms: '1764410000123', id: 'rec_1', cost_usd: '0.000000042' },
    { admitted_ms: '5', id: '', model: 'größe “x”' },
    { admitted_ms: '1764410000125', id: 'rec_3', run_id: 'run_3', session_id: 'ses_3' },
  );
  expect(rows.length).toBe(3);
  expect([0, 1, 2].map((nth) => rows.admittedMs(nth))).toEqual([1764410000123, 5, 1764410000125]);
  rows.lookAt(2);
  expect([rows.text(place.id), rows.span(place.run_id, place.session_id).replaceAll('\u001f', '|')]).toEqual([
    'rec_3',
    'run_3|||||ses_3',
  ]);
  rows.lookAt(0);
  expect([rows.text(place.id), rows.units(place.cost_usd), rows.has(place.model)]).toEqual(['rec_1', 42n, false]);
  rows.lookAt(1);
  expect([rows.text(place.id), rows.text(place.model), rows.has(place.id)]).toEqual(['', 'größe “x”', false]);
});

test('amounts are exact to the last unit, however large', () => {
  for (const [text, units] of [
    ['0.000000001', 1n],
    ['999999.999999999', 999_999_999_999_999n],
    ['92233720368.547758079', 92_233_720_368_547_758_079n],
  ] as const) {
    const rows = rowsOf({ cost_usd: text, base_pico: text.replace('.', '') });
    rows.lookAt(0);
    expect([rows.units(place.cost_usd), rows.units(place.base_pico)]).toEqual([units, units]);
  }
});

test('numbers are those of the text, in whatever form JSON has them', () => {
  for (const text of ['0', '', '7', '1764410000123', '1.5', '-3']) {
    const rows = rowsOf({ bound_input: text });
    rows.lookAt(0);
    expect(rows.number(place.bound_input)).toBe(Number(text));
  }
});
