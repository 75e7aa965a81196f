import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeKey, type PolicyBody } from '../parts/client.ts';
import { limitAgent, type WireName, wire_names } from '../parts/gateway.ts';
import {
  bodyOf,
  type Cause,
  call,
  causes,
  errorIn,
  expectSameState,
  expectTold,
  gateway,
  next,
  type Refused,
  withGateway,
} from './refusal-parts.ts';

withGateway();

describe.each(Object.entries(causes))('refused for %s', (name, cause) => {
  let agent: string;
  let policy: PolicyBody;
  beforeAll(async () => {
    agent = next(name);
    policy = await limitAgent(gateway, agent, cause.control);
  });

  const each = wire_names.flatMap((wire) => [false, true].map((stream) => ({ wire, stream })));

  test.each(each)('on $wire (stream: $stream)', async ({ wire, stream }) => {
    const reached = gateway.stub.log.length;
    const answer = await call(wire, bodyOf(wire, stream, cause.model), { 'x-aos-agent-id': agent });
    expect(answer.status).toBe(cause.status);
    const error = errorIn(wire, answer.body);
    const { details, message } = error;
    const [control] = policy.controls as { id: string; limit?: { max: number | string } }[];
    const waits = cause.status === 429;

    expect(error).toMatchObject({ type: waits ? 'rate_limit_error' : 'policy_violation', code: cause.code });
    expect(Object.keys(details).sort()).toEqual([
      ...['control_id', 'decision_id', 'limit', 'policy_id', 'policy_name', 'policy_version', 'requested', 'reserved'],
      ...['resets_at', 'retryable', 'run_id', 'scope', 'unit', 'url', 'used'],
    ]);
    expect(details).toMatchObject({
      ...{ policy_id: policy.id, policy_name: policy.name, policy_version: policy.version, control_id: control?.id },
      ...{ scope: 'agent', unit: cause.unit, retryable: waits },
      run_id: answer.headers.get('x-aos-run-id'),
      decision_id: answer.headers.get('x-aos-decision-id'),
      url: `${gateway.server.url}/d/${details.decision_id}`,
    });
    for (const said of [details.policy_name, details.policy_id, details.url]) expect(message).toContain(said);
    if (details.resets_at) expect(message).toContain(details.resets_at);
    if (details.limit !== null) {
      expect(Number(details.limit)).toBe(Number(control?.limit?.max));
      for (const amount of [details.used, details.reserved, details.requested])
        expect(message).toContain(shown(amount));
      expect(Number(details.used) + Number(details.reserved) + Number(details.requested)).toBeGreaterThan(
        Number(details.limit),
      );
    }

    expect(answer.headers.get('x-aos-decision')).toBe('block');
    expect(answer.headers.get('x-aos-policies')).toBe(policy.id);
    expect(answer.headers.get('x-aos-source')).toBeNull();
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.headers.get('x-should-retry')).toBe(waits ? null : 'false');
    const retry_after = answer.headers.get('retry-after');
    if (waits) expect(Number(retry_after)).toSatisfy((s: number) => Number.isInteger(s) && s >= 1 && s <= 60);
    else expect(retry_after).toBeNull();

    expect(gateway.stub.log).toHaveLength(reached);
    await expectTold(error, cause);
    if (details.limit !== null) await expectSameState(details);
  });

  test.each(wire_names)('the official client of %s raises it once', async (wire) => {
    const error = await thrownBy(wire, agent, cause);
    const { status, code, type, message } = error;
    expect({ status, code }).toEqual({ status: cause.status, code: cause.code });
    expect(type).toBe(cause.status === 429 ? 'rate_limit_error' : 'policy_violation');
    expect(message).toContain(policy.name);
    expect(message).toContain(`${gateway.server.url}/d/dec_`);
    const asked = await gateway.rows(
      `select d.id from decisions d join agents a on a.id = d.agent_id where a.slug = $1 and d.call ->> 'wire' = $2`,
      [agent, wire],
    );
    // Two calls of the test before, this one, and no retry.
    expect(asked).toHaveLength(3);
  });
});

const shown = (amount: number | string | null) =>
  typeof amount === 'string' ? amount.replace(/(\.\d{2}\d*?)0+$/, '$1') : String(amount);

/** What the official client throws; with its own retries wherever the status says that retrying is no use. */
async function thrownBy(wire: WireName, agent: string, { status, model }: Cause) {
  const options = { defaultHeaders: { 'x-aos-agent-id': agent }, ...(status === 429 && { maxRetries: 0 }) };
  const body = bodyOf(wire, false, model);
  const made =
    wire === 'messages'
      ? gateway.anthropic(options).messages.create(body as Anthropic.MessageCreateParamsNonStreaming)
      : wire === 'responses'
        ? gateway.openai(options).responses.create(body as OpenAI.Responses.ResponseCreateParamsNonStreaming)
        : gateway.openai(options).chat.completions.create(body as OpenAI.ChatCompletionCreateParamsNonStreaming);
  const thrown = await made.catch((error: unknown) => error);
  if (thrown instanceof Anthropic.APIError) {
    const { code } = (thrown.error as { error: Refused }).error;
    return { status: thrown.status, code, type: thrown.type as string, message: thrown.message };
  }
  if (thrown instanceof OpenAI.APIError) return thrown;
  throw new Error(`the client threw no error of its own: ${JSON.stringify(thrown)}`);
}

describe('an identity that contradicts the key', () => {
  test.each(wire_names)('is refused on %s before any policy is asked', async (wire) => {
    const own = next('bound');
    const { secret } = await makeKey(gateway.admin, { agent_ids: [own] });
    const reached = gateway.stub.log.length;
    for (const stream of [false, true]) {
      const answer = await call(wire, bodyOf(wire, stream), { 'x-aos-agent-id': next('impostor') }, secret);
      expect(answer.status).toBe(403);
      expect(answer.headers.get('x-should-retry')).toBe('false');
      const error = errorIn(wire, answer.body);
      expect(error).toMatchObject({ type: 'policy_violation', code: 'identity_mismatch' });
      expect(error.message).toMatch(/not bound to "impostor-\d+"/);
      await expectTold(error, { category: 'SAFETY_VIOLATION', severity: 'HIGH' });
    }
    expect(gateway.stub.log).toHaveLength(reached);
    const good = await call(wire, bodyOf(wire, false), {}, secret);
    expect(good.status).toBe(200);
    const [run] = await gateway.rows(
      'select r.identity, a.slug from runs r join agents a on a.id = r.agent_id where r.id = $1',
      [good.headers.get('x-aos-run-id')],
    );
    expect(run).toEqual({ identity: 'bound', slug: own });
  });
});
