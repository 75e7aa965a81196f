import { makeId } from '@aos/server/base/deps.ts';
import { openDatabase } from '@aos/server/store/db.ts';
import { renewLeases } from '@aos/server/store/managed-runs.ts';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { batch, chat, spanId, traceId } from '../otlp/batches.ts';
import { expectStatus, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway, wires } from '../parts/gateway.ts';

/**
 * The order in which everybody takes rows: see ARCHITECTURE.md. Another transaction plays one of two that meet: it takes
 * the run first and then what belongs to the run; had the server taken that before the run, they would stand in a circle.
 */
let gateway: Gateway;
let other: pg.Client;
beforeAll(async () => {
  gateway = await startGateway();
  other = new pg.Client({ connectionString: gateway.database.url, options: '-c search_path=aos' });
  await other.connect();
  // A circle is found by this transaction, and breaks off this one.
  await other.query("set deadlock_timeout = '20ms'");
});
afterAll(async () => {
  await other?.end();
  await gateway?.stop();
});

interface Run {
  id: string;
}

/** Whether somebody of this database waits for a row, and for how many. */
const someoneWaits = () =>
  waitFor(
    async () =>
      (
        await gateway.rows(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
      ).length > 0,
    { what: 'somebody who waits for a row' },
  );

const take = (table: 'runs' | 'traces' | 'managed_runs', run_id: string) =>
  other.query(`select from ${table} where ${table === 'runs' ? 'id' : 'run_id'} = $1 for update`, [run_id]);

/** Takes the run, lets the server meet it, takes the trace as well, and goes. */
async function meet<T>(run_id: string, work: () => Promise<T>): Promise<T> {
  await other.query('begin');
  try {
    await take('runs', run_id);
    const answer = work();
    await someoneWaits();
    await take('traces', run_id);
    await other.query('commit');
    return await answer;
  } catch (error) {
    await other.query('rollback');
    throw error;
  }
}

const external = async () => {
  const body = { goal: 'to meet', agent_id: 'met', mode: 'external' };
  return expectStatus(202, await gateway.admin.post<Run>('/api/v1/runs', body)).id;
};

test('a call that fails takes its run before the incident and the trace', async () => {
  const id = await external();
  const headers = { 'x-aos-run-id': id };
  const fails = wires.chat.body({ error: 500 });
  const answer = await meet(id, () => gateway.admin.post(wires.chat.path, fails, { headers }));
  expect(answer.status).toBe(500);
  await gateway.untilSettled();
  const [trace] = await gateway.rows<{ incident_id: string | null }>(
    'select incident_id from traces where run_id = $1',
    [id],
  );
  expect(trace?.incident_id).toMatch(/^inc_/);
});

test('the root of a reported trace takes its run before the trace', async () => {
  const trace_id = traceId();
  const [root, child] = [spanId(), spanId()];
  const report = async (spans: Parameters<typeof batch>[0]) => {
    const answer = await fetch(`${gateway.server.url}/v1/traces`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.server.admin_key}`, 'content-type': 'application/json' },
      body: JSON.stringify(batch(spans)),
    });
    return answer.status;
  };
  expect(await report([{ trace_id, span_id: child, parent: root, attributes: chat() }])).toBe(200);
  const [known] = await gateway.rows<{ run_id: string }>(
    'select run_id from reported_traces where otel_trace_id = $1',
    [trace_id],
  );
  const ends = () => report([{ trace_id, span_id: root, name: 'POST /research' }]);
  expect(await meet(known?.run_id ?? '', ends)).toBe(200);
  const [run] = await gateway.rows('select status from runs where id = $1', [known?.run_id]);
  expect(run).toEqual({ status: 'succeeded' });
});

test('a killed run is taken before its trace is completed', async () => {
  const id = await external();
  // As long as a call of it is open, nobody completes the trace.
  const hold = { run_id: id, id: makeId('decision'), instance_id: makeId('instance'), state: 'held', call: {} };
  const lines = { control_ids: [], subjects: [], window_starts: [], amounts: [], admitted_at: new Date() };
  await gateway.rows(
    `insert into holds select (jsonb_populate_record(null::holds, $1 || jsonb_build_object('tenant_id', tenant_id))).*
      from runs where id = $2`,
    [JSON.stringify({ ...hold, ...lines }), id],
  );
  expectStatus(200, await gateway.admin.post(`/api/v1/runs/${id}/kill`, { reason: 'a test' }));
  await meet(id, () => gateway.rows('delete from holds where id = $1', [hold.id]));
  const completed = async () =>
    (await gateway.rows('select from traces where run_id = $1 and completed_at is not null', [id])).length > 0;
  await waitFor(completed, { what: 'the end of the trace' });
});

test('a worker renews what it has claimed in the order of the runs, however it names them', async () => {
  const plan = { steps: [{ id: 'a', skill: 'wait', params: { seconds: 600 } }] };
  const ask = async () =>
    expectStatus(202, await gateway.admin.post<Run>('/api/v1/runs', { goal: 'long', agent_id: 'long', plan })).id;
  const ids = [await ask(), await ask()].sort();
  const claimed = () =>
    gateway.rows<{ run_id: string; lease_epoch: number }>(
      'select run_id, lease_epoch from managed_runs where run_id = any ($1) and lease_epoch > 0 order by run_id desc',
      [ids],
    );
  await waitFor(async () => (await claimed()).length === 2, { what: 'the claims' });
  const [tenant] = await gateway.rows<{ tenant_id: string }>('select tenant_id from runs where id = $1', [ids[0]]);
  // The later one first: a statement that reads through the table meets them in this order.
  await gateway.change('create index latest_first on managed_runs (run_id desc)');
  await gateway.change('cluster managed_runs using latest_first');
  const { url } = gateway.database;
  const db = openDatabase({ url, max_connections: 2, statement_timeout_ms: 10_000, onIdleError: () => undefined });
  try {
    await other.query('begin');
    await take('managed_runs', ids[0] ?? '');
    const leases = await claimed();
    const renewed = db.tenant(tenant?.tenant_id ?? '', async (tx) => {
      for (const plan of ['indexscan', 'bitmapscan', 'mergejoin']) await tx.query(`set local enable_${plan} = off`);
      return renewLeases(tx, leases, 60);
    });
    await someoneWaits();
    await take('managed_runs', ids[1] ?? '');
    await other.query('commit');
    expect([...(await renewed)].sort()).toEqual(ids);
  } finally {
    await db.close();
    for (const id of ids) expectStatus(200, await gateway.admin.post(`/api/v1/runs/${id}/kill`, { reason: 'done' }));
  }
});

test('a run that is asked for in a run while that is being killed is ended with it', async () => {
  const [parent, child] = [await external(), makeId('run')];
  const grandchild = makeId('run');
  const opened = (id: string, inside: string) =>
    other.query(
      `insert into runs select (jsonb_populate_record(r, jsonb_build_object('id', $1::text, 'parent_run_id', $2::text))).*
        from runs r where id = $3`,
      [id, inside, parent],
    );
  await opened(child, parent);
  // As when a run is opened: its parent is kept from ending until it is there.
  await other.query('begin');
  await other.query('select from runs where id = $1 for share', [child]);
  await opened(grandchild, child);
  const killed = gateway.admin.post(`/api/v1/runs/${parent}/kill`, { reason: 'enough' });
  await someoneWaits();
  await other.query('commit');
  expectStatus(200, await killed);
  const ended = await gateway.rows("select id from runs where id = any ($1) and status = 'cancelled' order by id", [
    [parent, child, grandchild],
  ]);
  expect(ended).toHaveLength(3);
});

test('a step that is reported while its run is being ended takes no place among the runs in flight', async () => {
  const control = { limit: { type: 'concurrency', max: 1, counts: 'runs' }, action: 'block' };
  await limitAgent(gateway, 'met', control);
  const id = await external();
  await other.query('begin');
  await take('runs', id);
  await other.query("update runs set status = 'succeeded', ended_at = now() where id = $1", [id]);
  const at = new Date().toISOString();
  const steps = [{ kind: 'tool', name: 'search', started_at: at, ended_at: at }];
  const tell = () => gateway.admin.post(`/api/v1/runs/${id}/steps`, { steps });
  const told = tell();
  await someoneWaits();
  await other.query('commit');
  // On a slow machine the statement may have waited too long for the end: then it is told again.
  const answer = await told;
  expect((answer.status === 503 ? await tell() : answer).status).toBe(409);
  expect(await gateway.rows('select from run_places where run_id = $1', [id])).toEqual([]);
});
