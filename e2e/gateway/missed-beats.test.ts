import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, waitFor } from '../parts/client.ts';
import { type Gateway, recordsOf, startGateway, wires } from '../parts/gateway.ts';

/** Another process would end a suspect hold after 3 s. */
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ AOS_SUSPECT_SECONDS: '3' });
});
afterAll(() => gateway?.stop());

const stateOf = async () => (await gateway.rows<{ state: string }>('select state from holds'))[0]?.state;

/** As after a pause of the machine: the others have not heard of the process, which lives. */
const silence = () => gateway.rows(`update instances set heartbeat_at = clock_timestamp() - interval '1 minute'`);

test('a call goes on, and is charged what it used, when its process was silent for a while', async () => {
  const directive = { output_tokens: 7, delay_ms: 20_000 };
  const answered = api(gateway.server).post(wires.chat.path, wires.chat.body(directive));
  await waitFor(async () => (await stateOf()) === 'held', { what: 'the call in flight' });
  await waitFor(
    async () => {
      await silence();
      return (await stateOf()) === 'suspect';
    },
    { what: 'the suspicion', timeout_ms: 12_000 },
  );
  const { status, headers } = await answered;
  expect(status).toBe(200);
  const [record] = await recordsOf(gateway, headers.get('x-aos-run-id') ?? '');
  expect(record).toMatchObject({ execution_status: 'succeeded', usage_source: 'provider' });
  expect(await gateway.rows('select title from incidents')).toEqual([]);
}, 60_000);

test('a process that the others have forgotten is there again with its next beat', async () => {
  await gateway.rows('delete from instances');
  await waitFor(async () => (await gateway.rows('select from instances')).length === 1, {
    what: 'its next beat',
    timeout_ms: 12_000,
  });
});
