import { actions } from '@aos/core/policies/action.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus, makePolicy } from '../parts/client.ts';
import { type Gateway, startGateway, wire_names, wires } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

/** What names one call or one instant, and the one header that tells of shadow policies. */
const of_one_call = [
  'date',
  'x-request-id',
  'request-id',
  'x-aos-run-id',
  'x-aos-decision-id',
  'x-aos-provider-request-id',
  'x-aos-shadow',
];
const ids = /\b(?:chatcmpl|resp|msg|rs|run|dec|stp|req)[-_][\w-]+|"created(?:_at)?":\d+(?:\.\d+)?/g;

/** The whole answer but for ids: status, headers in their order, the bytes of the body. */
async function answerTo(wire: (typeof wire_names)[number], streamed: boolean) {
  const { path, body } = wires[wire];
  const directive = { output_tokens: 12, text: 'the same' };
  const answer = await fetch(`${gateway.server.url}${path}`, {
    method: 'POST',
    headers: {
      ...{ authorization: `Bearer ${gateway.server.admin_key}`, 'content-type': 'application/json' },
      'x-aos-agent-id': 'watched',
    },
    body: JSON.stringify(body(directive, streamed ? { stream: true } : {})),
  });
  const text = await answer.text();
  const headers = [...answer.headers].filter(([name]) => !of_one_call.includes(name));
  return {
    shadow: answer.headers.get('x-aos-shadow'),
    whole: { status: answer.status, headers, body: text.replace(ids, 'ID') },
  };
}

describe('a shadow policy', () => {
  it.each(actions)('that would %s changes no byte of any answer', async (action) => {
    const plain = [];
    for (const wire of wire_names)
      for (const streamed of [false, true]) plain.push((await answerTo(wire, streamed)).whole);
    const day = { per: 'day', timezone: 'UTC' };
    const { id } = await makePolicy(gateway.admin, {
      name: `would ${action}`,
      target: { kind: 'agent', ids: ['watched'] },
      mode: 'shadow',
      controls: [
        { limit: { type: 'requests', max: 0, window: day }, action },
        { limit: { type: 'cost_usd', max: '0.000000001', window: day }, action },
        { limit: { type: 'tokens_output', max: 1, window: { per: 'run' } }, action },
        { limit: { type: 'duration', max: 1 }, action },
        { rule: { type: 'model_access', params: { deny: ['*'] } }, action },
      ],
    });
    const shadowed = [];
    for (const wire of wire_names)
      for (const streamed of [false, true]) {
        const { shadow, whole } = await answerTo(wire, streamed);
        expect(shadow).toBe(action === 'continue' ? null : action);
        shadowed.push(whole);
      }
    expect(shadowed).toEqual(plain);
    await gateway.untilSettled();
    const [seen] = await gateway.rows<{ violations: string }>(
      'select count(*) as violations from violations where policy_id = $1',
      [id],
    );
    expect(Number(seen?.violations)).toBeGreaterThan(0);
    expectStatus(200, await gateway.admin.post(`/api/v1/policies/${id}/retire`, { reason: 'the next action' }));
  });
});
