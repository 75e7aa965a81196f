import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectStatus, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway, wires } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const limited = async (agent: string, limit: object): Promise<string> => {
  const { controls } = await limitAgent(gateway, agent, { limit, action: 'block' });
  expectStatus(
    200,
    await gateway.admin.post('/v1/chat/completions', wires.chat.body({ output_tokens: 5 }, { max_tokens: 50 }), {
      headers: { 'x-aos-agent-id': agent },
    }),
  );
  return (controls as [{ id: string }])[0].id;
};

/** A row beside those of the call, of so long ago: what is posted tells it apart. */
const put = (control_id: string, ago: string, posted: number, pending = 0) =>
  gateway.rows(
    `insert into balances select distinct tenant_id, control_id, subject, date_trunc('day', now() - $2::interval), $3::bigint, $4::bigint
      from balances where control_id = $1`,
    [control_id, ago, posted, pending],
  );

const postedOf = async (control_id: string) =>
  (
    await gateway.rows<{ posted: string }>(
      'select posted::text as posted from balances where control_id = $1 order by window_start',
      [control_id],
    )
  ).map(({ posted }) => Number(posted));

test('balances of windows that nobody looks at any more are deleted, and no others', async () => {
  const tokens = (window: object) => ({ type: 'tokens_output', max: 10_000, window });
  const minute = await limited('minute', tokens({ rolling_seconds: 60 }));
  const month = await limited('month', tokens({ rolling_seconds: 30 * 86_400 }));
  const day = await limited('day', tokens({ per: 'day' }));
  const flight = await limited('flight', { type: 'concurrency', max: 3 });
  const run = await limited('run', tokens({ per: 'run' }));
  const before = await Promise.all([minute, month, day, flight, run].map(postedOf));
  for (const control_id of [minute, month, day]) {
    await put(control_id, '4 days', 11);
    await put(control_id, '5 days', 12, 1);
    await put(control_id, '1 day', 13);
    await put(control_id, '40 days', 14);
  }
  await waitFor(async () => !(await postedOf(day)).includes(14) && !(await postedOf(month)).includes(14), {
    what: 'the end of balances long past',
  });
  await waitFor(async () => !(await postedOf(minute)).includes(11), { what: 'the end of buckets long past' });
  const with_lock = (of: number[] | undefined, ...past: number[]) => [...(of ?? []), ...past].sort();
  const after = await Promise.all([minute, month, day, flight, run].map(postedOf));
  // What holds something stays, and so does what counts, or counted two days ago.
  expect(after.map((of) => of.sort())).toEqual([
    with_lock(before[0], 12, 13),
    with_lock(before[1], 11, 12, 13),
    with_lock(before[2], 12, 13),
    with_lock(before[3]),
    with_lock(before[4]),
  ]);
});

test('what is posted to a balance that is gone begins it anew, and nothing can be taken from it', async () => {
  const control_id = await limited('late', { type: 'tokens_output', max: 10_000, window: { per: 'hour' } });
  const post = (held: number) =>
    gateway.rows(
      `select post_balances(array[b.control_id], array[b.subject], array[b.window_start - interval '1 hour'], array[$2::bigint], array[7::bigint])
        from (select set_config('app.tenant_id', tenant_id, false), * from balances where control_id = $1) b`,
      [control_id, held],
    );
  await expect(post(3)).rejects.toThrow('pending');
  await post(0);
  expect(await postedOf(control_id)).toEqual([7, 5]);
});
