import { expect, test } from 'vitest';
import { sharing } from './row-texts.ts';

test('rows keep what they say, with whatever they have in common', () => {
  const share = sharing();
  const rows = Array.from({ length: 1_000 }, (_, n) => ({
    id: `run_${String(n).padStart(26, '0')}`,
    tenant_id: 'ten_01m8kccnz7fvmtx06zctytb3m4',
    at: '2026-11-29T09:07:18.003Z',
    ended_at: '2026-11-29T09:07:18.003Z',
    calls: n,
    tags: {},
    incident_ids: [],
    models: n % 2 === 0 ? ['mock-small'] : ['mock-small', 'mock-large'],
    decided: { block: n % 3 },
    text: '["mock-small"]',
    goal: null,
  }));
  const said = structuredClone(rows);
  for (const row of rows) share(row);
  expect(rows).toEqual(said);
  expect(new Set(rows.map(({ models }) => models)).size).toBe(2);
  expect(new Set(rows.map(({ decided }) => decided)).size).toBe(3);
  expect(new Set(rows.map(({ incident_ids }) => incident_ids)).size).toBe(1);
});
