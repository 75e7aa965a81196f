import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTheatre, play, type Theatre } from '../tools/scenarios/play.ts';
import { allScenarios } from '../tools/scenarios/scenario.ts';

let theatre: Theatre;
beforeAll(async () => {
  theatre = await openTheatre();
});
afterAll(() => theatre.close());

const scenarios = allScenarios();

describe('a scenario brings causes about, and its effects stand in all four domains', () => {
  test.each(scenarios.map((scenario) => [scenario.id, scenario] as const))('%s', async (_, scenario) => {
    expect(await play(theatre, scenario)).toEqual([]);
  });
});

test('the server itself has written every kind of effect, and nobody else has', async () => {
  const written = await theatre.writers.written();
  for (const table of ['runs', 'step_rows', 'decisions', 'violations', 'incidents', 'llm_run_records', 'audit_ledger'])
    expect(written).toContain(table);
  expect(await theatre.writers.others()).toEqual([]);
});

test('a row that anything else writes is seen', async () => {
  const client = new pg.Client({ connectionString: theatre.database_url, options: '-c search_path=aos' });
  await client.connect();
  await client.query('update runs set goal = goal where id = (select max(id) from runs)');
  await client.end();
  expect(await theatre.writers.others()).toEqual(['an unnamed connection: runs']);
});
