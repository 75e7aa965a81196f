import { failpoints, throw_points } from '@aos/server/base/failpoint.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePolicy, waitFor } from '../parts/client.ts';
import { type Gateway, startGateway, wires } from '../parts/gateway.ts';

/** A call passes seven points or more: every fifth pass visits them all in the end. */
const env = { AOS_FAILPOINT: 'throw:5', AOS_SUSPECT_SECONDS: '1' };
const calls = 60;
const most_calls = 300;
/** How many go together, in turn: as many each time would pass the points in step, and some points never fifth. */
const together = [4, 3, 5, 1, 2];

/** Points at which nothing has been thrown yet. */
async function unvisited({ server, rows }: Gateway): Promise<string[]> {
  const failed = await rows<{ message: string }>(
    "select error ->> 'message' as message from steps where error is not null",
  );
  const told = server.output() + failed.map(({ message }) => message).join();
  return [...failpoints, ...throw_points].filter((name) => !told.includes(`thrown at ${name}`));
}

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway(env);
  await makePolicy(gateway.admin, {
    name: 'a day of everybody, and so many at a time',
    target: { kind: 'all_runs' },
    controls: [
      { limit: { type: 'cost_usd', max: '100', window: { per: 'day' } }, action: 'block' },
      // What was thrown holds its place until it is swept: all of them may at once.
      { limit: { type: 'concurrency', max: most_calls }, action: 'block' },
    ],
  });
});
afterAll(() => gateway?.stop());

test('whatever is thrown on the way of a call, nothing stays held, and what went out is charged once', async () => {
  const { stub, rows } = gateway;
  for (let n = 0, group = 0; n < calls || (n < most_calls && (await unvisited(gateway)).length > 0); group++) {
    const length = together[group % together.length] ?? 4;
    const some = Array.from({ length }, (_, m) =>
      gateway.admin.post<string>(
        '/v1/chat/completions',
        wires.chat.body({ output_tokens: 3 }, { stream: m % 2 === 0 }),
      ),
    );
    for (const { status } of await Promise.all(some)) expect([200, 500, 502, 503]).toContain(status);
    n += length;
  }
  await waitFor(async () => (await rows('select from holds')).length === 0, {
    what: 'the end of all holds',
  });
  expect(await unvisited(gateway)).toEqual([]);

  const [balance] = await rows<{ pending: string; posted: string }>(
    `select sum(pending)::text as pending, sum(posted) filter (where window_start > '2000-01-01')::text as posted from balances`,
  );
  const [recorded] = await rows<{ records: string; steps: string; nano: string }>(
    `select count(*) as records, count(distinct step_id) as steps, (sum(cost_usd) * 1000000000)::bigint::text as nano
      from llm_run_records`,
  );
  expect(balance).toEqual({ pending: '0', posted: recorded?.nano });
  // What went out has one record; of what did not there is none that costs anything.
  expect(Number(recorded?.records)).toBe(stub.log.length);
  expect(recorded?.steps).toBe(recorded?.records);
  // The room is there again, for as many calls as ever.
  const metrics = await (await fetch(`${gateway.server.url}/metrics`)).text();
  expect(/^aos_open_holds (-?\d+)$/m.exec(metrics)?.[1]).toBe('0');
});
