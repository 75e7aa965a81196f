import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, startGateway, wires } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

test('a hold that no call of its process has is released, and those of calls under way stay', async () => {
  const { rows } = gateway;
  const limit = { type: 'tokens_output', max: 10_000, window: { per: 'day' } };
  await limitAgent(gateway, 'slow', { limit, action: 'block' });
  const headers = { 'x-aos-agent-id': 'slow' };
  const ask = (more: object) =>
    gateway.admin.post(
      '/v1/chat/completions',
      wires.chat.body({ output_tokens: 5, delay_ms: 20_000 }, { max_tokens: 50, ...more }),
      { headers },
    );
  const asked = [ask({}), ask({ stream: true })];
  await waitFor(() => gateway.stub.log.length === 2, { what: 'the calls at their provider' });
  // As if the commit of an admission had taken effect long after its process gave it up.
  const late = await rows<{ id: string }>(
    `insert into holds select (jsonb_populate_record(h, jsonb_build_object('id', 'dec_left' || right(h.id, 20)))).* from holds h
      returning id`,
  );
  expect(late).toHaveLength(2);
  await rows('update balances set pending = pending * 2');
  await rows("update holds set admitted_at = admitted_at - interval '2 minutes'");
  const left = () => rows("select from holds where id like 'dec_left%'");
  await waitFor(async () => (await left()).length === 0, { what: 'the end of holds that nobody has' });
  expect(await rows('select state from holds')).toEqual([{ state: 'held' }, { state: 'held' }]);
  expect(await rows('select posted, pending from balances')).toEqual([{ posted: '0', pending: '100' }]);
  for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
  await gateway.untilSettled();
  expect(await rows('select posted, pending from balances')).toEqual([{ posted: '10', pending: '0' }]);
  expect(await rows('select execution_status from llm_run_records')).toEqual(
    Array.from({ length: 2 }, () => ({ execution_status: 'succeeded' })),
  );
});
