import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Installation, openInstallation } from '../../tools/campaigns/parts/installation.ts';
import { api, makePolicy, waitFor } from '../parts/client.ts';
import { wires } from '../parts/gateway.ts';

let at: Installation;
beforeAll(async () => {
  at = await openInstallation({ database: 'postgres', processes: 1, env: { AOS_SUSPECT_SECONDS: '1' } });
  await makePolicy(at.admin, {
    name: 'tokens of a day',
    target: { kind: 'all_runs' },
    controls: [{ limit: { type: 'tokens_output', max: 1_000_000, window: { per: 'day' } }, action: 'block' }],
  });
  // What a column or an index has no room for.
  await at.sql(`create function beyond_limits() returns trigger language plpgsql as
    $$ begin raise exception 'index row size exceeds btree maximum' using errcode = '54000'; end $$`);
  await at.sql(`create trigger beyond_limits before insert on llm_run_records for each row
    when (new.tags ? 'beyond') execute function beyond_limits()`);
});
afterAll(() => at?.stop());

const lost = (run_id: string) =>
  at.sql("select severity, summary, details from system_records where details ->> 'run_id' = $1", [run_id]);
const counted = async (run_id: string) => (await at.sql('select calls from runs where id = $1', [run_id]))[0];
const holds = (run_id: string) => at.sql('select from holds where run_id = $1', [run_id]);
const untilSettled = (run_id: string) =>
  waitFor(async () => (await holds(run_id)).length === 0, { what: 'the end of the hold', timeout_ms: 40_000 });

test('a call whose record the database does not take is settled without it, and the system log says so', async () => {
  const headers = { 'x-aos-tags': 'beyond=yes' };
  const answer = await at.admin.post('/v1/chat/completions', wires.chat.body({ output_tokens: 3 }), { headers });
  expect(answer.status).toBe(503);
  const [run] = await at.sql<{ id: string }>('select id from runs order by id desc limit 1');
  const run_id = run?.id ?? '';
  await untilSettled(run_id);
  expect(await counted(run_id)).toEqual({ calls: 1 });
  await waitFor(async () => (await lost(run_id)).length > 0, { what: 'the entry of the system log' });
  expect(await lost(run_id)).toMatchObject([{ severity: 'CRITICAL', details: { code: '54000' } }]);
  const [balance] = await at.sql('select posted, pending from balances where posted > 0');
  expect(balance).toEqual({ posted: '3', pending: '0' });
});

test('such a call of a process that died keeps no other from being settled', async () => {
  const dying = await at.startOne();
  const slow = wires.chat.body({ delay_ms: 60_000 }, { max_tokens: 5 });
  const of = (tags: string) => ({ headers: { 'x-aos-tags': tags, 'x-aos-session-id': tags.replace('=', '-') } });
  const reached = at.stub.log.length + 2;
  for (const tags of ['beyond=yes', 'sound=yes'])
    api(dying)
      .post('/v1/chat/completions', slow, of(tags))
      .catch(() => undefined);
  await waitFor(() => at.stub.log.length >= reached, { what: 'both calls at the provider' });
  const held = await at.sql<{ run_id: string; beyond: boolean }>(
    "select run_id, (call -> 'tags')::jsonb ? 'beyond' as beyond from holds",
  );
  expect(held).toHaveLength(2);
  await dying.kill9();
  for (const { run_id, beyond } of held) {
    await untilSettled(run_id);
    expect(await counted(run_id)).toEqual({ calls: 1 });
    const records = await at.sql('select error_code from llm_run_records where run_id = $1', [run_id]);
    expect(records).toEqual(beyond ? [] : [{ error_code: 'process_died' }]);
    if (beyond) await waitFor(async () => (await lost(run_id)).length > 0, { what: 'the entry of the system log' });
  }
});
