import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, limitAgent, startGateway } from '../parts/gateway.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./fixtures/openai_client.py', import.meta.url));
let gateway: Gateway;
beforeAll(async () => {
  const { status } = spawnSync('python3', ['-c', 'import openai; openai.APIStatusError']);
  if (status !== 0) throw new Error('python3 has no package openai: pip install openai');
  gateway = await startGateway();
  const limit = (max: number) => ({ type: 'tokens_output', max, window: { per: 'day' } });
  await limitAgent(gateway, 'capped', { limit: limit(10), action: 'block' });
  await limitAgent(gateway, 'cut', { limit: limit(100), action: 'block' });
});
afterAll(() => gateway?.stop());

/** What the script prints, without the ids that are made anew for each answer. */
async function drive(env: Record<string, string>): Promise<Record<string, unknown>> {
  const { stdout } = await run('python3', [script], {
    timeout: 240_000,
    maxBuffer: 32 * 1024 * 1024,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env },
  });
  return JSON.parse(stdout.replace(/(_|-)(01)?stub\d{20}/g, '$1id'), (name, value) =>
    name === 'created' || name === 'created_at' ? 0 : value,
  ) as Record<string, unknown>;
}
const ours = (more: object = {}) =>
  drive({ BASE_URL: `${gateway.server.url}/v1`, API_KEY: gateway.server.admin_key, ...more });

describe('the official Python client', () => {
  test('sees no difference to the provider: answers, streams, errors with their retries, and calls at once', async () => {
    const before = gateway.stub.log.length;
    const there = await drive({ BASE_URL: gateway.stub.url, API_KEY: 'sk' });
    const between = gateway.stub.log.length;
    const here = await ours();
    for (const [what, seen] of Object.entries(there)) expect([what, here[what]]).toEqual([what, seen]);
    expect(gateway.stub.log.length - between).toBe(between - before);
  });

  test('sees what governance says: headers, refusals that are not repeated, and how a stream was cut', async () => {
    const seen = await ours({ GOVERNED: '1' });
    expect(seen).toMatchObject({
      tool: [{ name: 'get_weather' }, 'stop'],
      headers: {
        'x-aos-decision': 'continue',
        'x-aos-run-id': expect.stringMatching(/^run_/),
        'x-aos-limit': expect.stringContaining('unit=tokens; remaining=0'),
        'x-request-id': expect.stringMatching(/^req_/),
      },
      refused: {
        ...{ class: 'APIStatusError', status_code: 402, code: 'token_limit_exceeded', type: 'policy_violation' },
        ...{ has_id: true, headers: { 'x-should-retry': 'false', 'x-aos-decision': 'block' } },
      },
      cut: { class: 'APIError', code: 'token_limit_exceeded', had_text: true },
      bare: 'openai/gpt-4o-mini',
      unknown: [{ class: 'NotFoundError', code: 'model_not_found' }, { class: 'NotFoundError' }],
      stranger: { class: 'AuthenticationError', code: 'unauthenticated', has_id: true },
    });
    expect((seen.refused as { body: { message: string } }).body.message).toContain('for capped');
    const models = seen.models as boolean[];
    expect([models.length > 10, new Set(models)]).toEqual([true, new Set([true])]);
    // The two calls of the capped agent that were refused were asked once each.
    const [refusals] = await gateway.rows(
      `select count(*)::int n from decisions d join runs r on r.id = d.run_id join agents a on a.id = r.agent_id
        where a.slug = 'capped' and d.verdict = 'block'`,
    );
    expect(refusals?.n).toBe(2);
  });
});
