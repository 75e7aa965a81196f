import { instantOf } from '@aos/core/base/id.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectStatus } from '../parts/client.ts';
import { type Gateway, startGateway, wires } from '../parts/gateway.ts';

/** Read before anything of the server: this process takes it for tomorrow. */
const script = 'const told = Date.now; Date.now = () => told() + 86_400_000;';
const tomorrow = `data:text/javascript,${encodeURIComponent(script)}`;

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ NODE_OPTIONS: `--import=${tomorrow}` });
});
afterAll(() => gateway?.stop());

test('a process that starts with its clock a day ahead makes no id of tomorrow, not even the first', async () => {
  const call = await gateway.admin.post(wires.chat.path, wires.chat.body({ output_tokens: 5 }));
  expectStatus(200, call);
  await gateway.untilSettled();
  const made = await gateway.rows<{ id: string }>(
    `select id from instances union all select id from tenants union all select id from projects
      union all select id from system_records union all select id from audit_ledger
      union all select id from runs union all select id from llm_run_records`,
  );
  expect(made.length).toBeGreaterThan(6);
  const now_ms = Date.now();
  const ahead = made.filter(({ id }) => Math.abs(instantOf(id) - now_ms) > 60_000);
  expect(ahead).toEqual([]);
});
