import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, expectStatus, makeKey, type PolicyBody } from '../parts/client.ts';
import {
  type Gateway,
  limitAgent,
  recordsOf,
  startGateway,
  type WireName,
  wire_names,
  wires,
} from '../parts/gateway.ts';

let gateway: Gateway;
let agents = 0;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

interface Refused {
  type: string;
  code: string;
  message: string;
  details: Details;
}
interface Details {
  decision_id: string;
  policy_id: string;
  policy_name: string;
  policy_version: number;
  control_id: string;
  scope: string;
  unit: string | null;
  limit: number | string | null;
  used: number | string | null;
  reserved: number | string | null;
  requested: number | string | null;
  resets_at: string | null;
  retryable: boolean;
  run_id: string;
  url: string;
}
interface Cause {
  control: object;
  more?: object;
  status: number;
  code: string;
  unit: string | null;
  category: string;
  severity: string;
  /** A model other than the wire's own. */
  model?: string;
}

const day = { per: 'day' };
const block = 'block';
const spent = { status: 402, category: 'BUDGET_EXCEEDED', severity: 'HIGH' };
const causes: Record<string, Cause> = {
  cost: {
    control: { limit: { type: 'cost_usd', max: '0.000001', window: day }, action: block },
    ...{ ...spent, code: 'budget_exceeded', unit: 'usd' },
  },
  tokens: {
    control: { limit: { type: 'tokens_total', max: 10, window: { per: 'month' } }, action: block },
    ...{ status: 402, code: 'token_limit_exceeded', unit: 'tokens', category: 'TOKEN_LIMIT', severity: 'MEDIUM' },
  },
  'requests per minute': {
    control: { limit: { type: 'requests', max: 0, window: { per: 'minute' } }, action: block },
    ...{ status: 429, code: 'rate_limit_exceeded', unit: 'calls', category: 'RATE_LIMIT', severity: 'LOW' },
  },
  'requests per day': {
    control: { limit: { type: 'requests', max: 0, window: day }, action: block },
    ...{ status: 402, code: 'quota_exceeded', unit: 'calls', category: 'RATE_LIMIT', severity: 'MEDIUM' },
  },
  concurrency: {
    control: { limit: { type: 'concurrency', max: 0 }, action: block },
    ...{ status: 429, code: 'rate_limit_exceeded', unit: 'calls', category: 'RATE_LIMIT', severity: 'LOW' },
  },
  'burn rate': {
    control: { limit: { type: 'burn_rate', max: '0.000001', window: { rolling_seconds: 60 } }, action: block },
    ...{ ...spent, code: 'budget_exceeded', unit: 'usd_per_minute' },
  },
  steps: {
    control: { limit: { type: 'steps', max: 0, window: day }, action: block },
    ...{ ...spent, code: 'quota_exceeded', unit: 'steps', severity: 'MEDIUM' },
  },
  'model access': {
    control: { rule: { type: 'model_access', params: { allow: ['some-other-model'] } }, action: block },
    ...{ status: 403, code: 'model_not_allowed', unit: null, category: 'CONTENT_POLICY', severity: 'MEDIUM' },
  },
  'unknown price under a cost limit': {
    control: { limit: { type: 'cost_usd', max: '100', window: day }, action: block },
    ...{ status: 402, code: 'price_unknown', unit: null, category: 'BUDGET_EXCEEDED', severity: 'MEDIUM' },
    model: 'never-heard-of',
  },
};

const next = (name: string) => `${name.replaceAll(' ', '-')}-${++agents}`;

function bodyOf(wire: WireName, stream: boolean, model?: string) {
  const provider = wire === 'messages' ? 'anthropic' : 'openai';
  return wires[wire].body({ output_tokens: 5 }, { stream, ...(model && { model: `${provider}/${model}` }) });
}

const call = (wire: WireName, body: object, headers: Record<string, string>, key = gateway.server.admin_key) =>
  api(gateway.server, key).post(wires[wire].path, body, { headers });

/** The error of an answer, which must be in the form of its wire and nothing else. */
function errorIn(wire: WireName, body: unknown): Refused {
  const { error, ...around } = body as { error: Refused; type?: string };
  expect(around).toEqual(wire === 'messages' ? { type: 'error' } : {});
  const { type, code, message, details, ...others } = error;
  expect(others).toEqual(wire === 'messages' ? {} : { param: null });
  return { type, code, message, details };
}

/** Everything a refusal leaves in the database, linked. */
async function expectTold(error: Refused, { category, severity }: Pick<Cause, 'category' | 'severity'>) {
  const { details } = error;
  const cause = { category, severity };
  const one = async (table: string, where: string, value: string) => {
    const found = await gateway.rows(`select * from ${table} where ${where} = $1`, [value]);
    expect(found, table).toHaveLength(1);
    return found[0] ?? {};
  };
  const { decision_id, policy_id, run_id, control_id } = details;
  const decision = await one('decisions', 'id', decision_id);
  expect(decision).toMatchObject({ verdict: 'block', code: error.code, policy_id, control_id, run_id });
  const violation = await one('violations', 'decision_id', decision_id);
  expect(violation).toMatchObject({ policy_id, control_id, run_id, mode: 'enforce', action: 'block', ...cause });
  const incident = await one('incidents', 'source_run_id', run_id);
  expect(incident).toMatchObject({ violation_policy_id: policy_id, status: 'open', occurrences: 1, ...cause });
  expect(violation.incident_id).toBe(incident.id);
  expect(await one('traces', 'run_id', run_id)).toMatchObject({ incident_id: incident.id });
  expect(await one('steps', 'decision_id', decision_id)).toMatchObject({
    status: 'blocked',
    error: { code: error.code },
  });
  const ledger = await gateway.rows('select * from audit_ledger where object_id in ($1, $2)', [
    decision_id,
    incident.id,
  ]);
  const breach = details.limit === null ? 'ACCESS_DENIED' : 'LIMIT_BREACHED';
  const events = ledger.map(({ event }) => event).sort();
  expect(events).toEqual([breach, 'INCIDENT_CREATED'].sort());
  expect(ledger.every((entry) => entry.run_id === run_id)).toBe(true);
  expect(await one('runs', 'id', run_id)).toMatchObject({ status: 'running', refused_calls: 1 });
  expect(await recordsOf(gateway, run_id)).toEqual([]);
  expect(await gateway.rows('select from holds')).toEqual([]);
  const read = async (path: string) => expectStatus(200, await gateway.admin.get(path));
  const incident_ids = [incident.id];
  expect(await read(`/api/v1/decisions/${decision_id}`)).toMatchObject({
    ...{ id: decision_id, run_id, verdict: 'block', code: error.code, derived: false, record_id: null, incident_ids },
    contributions: [{ policy_id, control_id, fired: true, limit: details.limit, requested: details.requested }],
  });
  expect(await read(`/api/v1/incidents/${incident.id}`)).toMatchObject({
    ...cause,
    violations: [{ id: violation.id }],
  });
  expect(await read(`/api/v1/runs/${run_id}`)).toMatchObject({ id: run_id, refused_calls: 1, incident_ids });
  const entries = await read(`/api/v1/logs/audit?run=${run_id}`);
  expect((entries.items as { event: string }[]).map(({ event }) => event)).toEqual(expect.arrayContaining(events));
}

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

/** The gauge of a limit and its error give the same numbers: there is one. */
async function expectSameState(details: Details): Promise<void> {
  const state = expectStatus(200, await gateway.admin.get(`/api/v1/limits/${details.control_id}/state`));
  expect(state).toMatchObject({
    ...{ policy_id: details.policy_id, unit: details.unit, cap: details.limit, enforced: true },
    ...{ posted: details.used, pending: details.reserved, resets_at: details.resets_at },
  });
}

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

describe('amounts', () => {
  const chat = (agent: string, more: object = {}, headers: object = {}) =>
    call('chat', wires.chat.body({ output_tokens: 50, input_tokens: 20 }, more), {
      'x-aos-agent-id': agent,
      ...headers,
    });

  test('what was spent counts: the same number in error, gauge and header', async () => {
    const agent = next('spender');
    const limit = { type: 'tokens_output', max: 120, window: day };
    const { controls } = await limitAgent(gateway, agent, { limit, action: block });
    const [{ id }] = controls as [{ id: string }];
    const first = await chat(agent, { max_tokens: 60 });
    expect(first.status).toBe(200);
    expect(first.headers.get('x-aos-limit')).toMatch(new RegExp(`^${id}; unit=tokens; remaining=60; reset=`));
    expect(await gateway.admin.get(`/api/v1/limits/${id}/state`)).toMatchObject({ body: { posted: 50, pending: 0 } });
    const second = await chat(agent, { max_tokens: 71 });
    expect(second.status).toBe(402);
    const { details, message } = errorIn('chat', second.body);
    expect(details).toMatchObject({ limit: 120, used: 50, reserved: 0, requested: 71 });
    expect(message).toContain(
      'its limit of 120 tokens has 50 tokens used and 0 tokens reserved, and this call may need 71',
    );
    await expectSameState(details);
    // Reaching the limit exactly is allowed.
    expect((await chat(agent, { max_tokens: 70 })).status).toBe(200);
  });

  test('without a bound of its own a call gets what the limit pays for', async () => {
    const agent = next('unbounded');
    await limitAgent(gateway, agent, { limit: { type: 'tokens_output', max: 40, window: day }, action: block });
    const answer = await chat(agent);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-aos-max-tokens')).toBe('40');
    expect(JSON.parse(gateway.stub.received.at(-1)?.body ?? '')).toMatchObject({ max_tokens: 40 });
    expect(answer.body).toMatchObject({ usage: { completion_tokens: 40 } });
    // Fewer than 16 tokens are not worth a call.
    expect((await chat(agent)).status).toBe(402);
  });

  test('a call in flight is reserved, and its place is free when it has ended', async () => {
    const agent = next('parallel');
    const { controls } = await limitAgent(gateway, agent, { limit: { type: 'concurrency', max: 1 }, action: block });
    const [{ id }] = controls as [{ id: string }];
    const slow = call('chat', wires.chat.body({ delay_ms: 700 }), { 'x-aos-agent-id': agent });
    await expect.poll(async () => (await gateway.rows('select from holds')).length, { interval: 10 }).toBe(1);
    const refused = await chat(agent);
    expect(refused.status).toBe(429);
    const { details } = errorIn('chat', refused.body);
    expect(details).toMatchObject({ limit: 1, used: 0, reserved: 1, requested: 1, resets_at: null, retryable: true });
    await expectSameState(details);
    expect((await slow).status).toBe(200);
    expect((await chat(agent)).status).toBe(200);
    expect(await gateway.admin.get(`/api/v1/limits/${id}/state`)).toMatchObject({ body: { posted: 0, pending: 0 } });
  });

  test('one incident for each run and policy, however often it is hit', async () => {
    const agent = next('repeated');
    await limitAgent(gateway, agent, { limit: { type: 'requests', max: 0, window: day }, action: block });
    const headers = { 'x-aos-session-id': next('session') };
    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(await chat(agent, {}, headers));
    const errors = answers.map(({ body }) => errorIn('chat', body));
    expect(new Set(errors.map(({ details }) => details.run_id)).size).toBe(1);
    const [first] = errors;
    if (!first) throw new Error('no error');
    const { run_id } = first.details;
    const incidents = await gateway.rows('select id, occurrences from incidents where source_run_id = $1', [run_id]);
    expect(incidents).toMatchObject([{ occurrences: 3 }]);
    const violations = await gateway.rows('select incident_id from violations where run_id = $1', [run_id]);
    expect(violations.map(({ incident_id }) => incident_id)).toEqual(Array(3).fill(incidents[0]?.id));
    const opened = await gateway.rows(`select from audit_ledger where event = 'INCIDENT_CREATED' and run_id = $1`, [
      run_id,
    ]);
    expect(opened).toHaveLength(1);
  });

  test('calls that come together never spend more than there is', async () => {
    const agent = next('together');
    await limitAgent(gateway, agent, { limit: { type: 'requests', max: 5, window: day }, action: block });
    const answers = await Promise.all(Array.from({ length: 20 }, () => chat(agent, { max_tokens: 5 })));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(5).fill(200), ...Array(15).fill(402)]);
  });
});

describe('policies that do not refuse', () => {
  const limit = { type: 'requests', max: 0, window: day };
  const plain = (agent: string, headers: object = {}) =>
    call('chat', wires.chat.body({}), { 'x-aos-agent-id': agent, ...headers });

  test.each([false, true])('shadow is heard and changes nothing (stream: %s)', async (stream) => {
    const [agent, control_agent] = [next('shadow'), next('none')];
    const policy = await limitAgent(gateway, agent, { limit, action: block }, { mode: 'shadow' });
    const body = wires.chat.body({}, { stream, max_tokens: 9 });
    const [under, free] = await Promise.all(
      [agent, control_agent].map((id) => call('chat', body, { 'x-aos-agent-id': id })),
    );
    expect(under?.status).toBe(200);
    expect(under?.headers.get('x-aos-shadow')).toBe('block');
    expect(under?.headers.get('x-aos-decision')).toBe('continue');
    expect(free?.headers.get('x-aos-shadow')).toBeNull();
    const text = (answer: typeof under) => answer?.text.replaceAll(/"(id|created)":("[^"]+"|\d+)/g, '');
    expect(text(under)).toBe(text(free));
    const [sent, other] = gateway.stub.received.slice(-2);
    expect(sent?.body).toBe(other?.body);
    const run_id = under?.headers.get('x-aos-run-id') ?? '';
    const [decision] = await gateway.rows('select * from decisions where run_id = $1', [run_id]);
    expect(decision).toMatchObject({
      verdict: 'continue',
      contributions: [{ policy_id: policy.id, mode: 'shadow', fired: true }],
    });
    const [violation] = await gateway.rows('select * from violations where run_id = $1', [run_id]);
    expect(violation).toMatchObject({ policy_id: policy.id, mode: 'shadow', incident_id: null });
    expect(await gateway.rows('select from incidents where source_run_id = $1', [run_id])).toEqual([]);
    expect(await recordsOf(gateway, run_id)).toMatchObject([{ execution_status: 'succeeded', verdict: 'continue' }]);
  });

  test('a shadow limit never clamps the output', async () => {
    const agent = next('shadow-bound');
    const small = { type: 'tokens_output', max: 20, window: day };
    await limitAgent(gateway, agent, { limit: small, action: block }, { mode: 'shadow' });
    const answer = await call('chat', wires.chat.body({ output_tokens: 100 }), { 'x-aos-agent-id': agent });
    expect(answer.body).toMatchObject({ usage: { completion_tokens: 100 } });
    expect(answer.headers.get('x-aos-max-tokens')).toBeNull();
    expect(JSON.parse(gateway.stub.received.at(-1)?.body ?? '')).not.toHaveProperty('max_tokens');
  });

  test.each([false, true])('warn lets pass, says so and keeps the decision (stream: %s)', async (stream) => {
    const agent = next('warned');
    const policy = await limitAgent(gateway, agent, { limit, action: 'warn' });
    const answer = await call('chat', wires.chat.body({}, { stream }), { 'x-aos-agent-id': agent });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-aos-decision')).toBe('warn');
    expect(answer.headers.get('x-aos-policies')).toBe(policy.id);
    const run_id = answer.headers.get('x-aos-run-id');
    const decision_id = answer.headers.get('x-aos-decision-id');
    const found = await gateway.rows('select * from decisions where run_id = $1', [run_id]);
    expect(found).toMatchObject([{ id: decision_id, verdict: 'warn', policy_id: policy.id }]);
    const ledger = await gateway.rows('select * from audit_ledger where object_id = $1', [decision_id]);
    expect(ledger).toMatchObject([{ event: 'LIMIT_WARNED', run_id }]);
    // A warning opens no incident unless its control says so.
    expect(await gateway.rows('select from incidents where source_run_id = $1', [run_id])).toEqual([]);
  });

  test('a dry run tells the decision; it sends, holds and writes nothing', async () => {
    const [blocked, open] = [next('dry-blocked'), next('dry-open')];
    const policy = await limitAgent(gateway, blocked, { limit, action: block });
    const count = async () => {
      const tables = await gateway.rows<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'aos' and table_type = 'BASE TABLE'
          and table_name <> 'instances'`,
      );
      const counts = tables.map(({ name }) => `select '${name}' as name, count(*)::int as n from ${name}`);
      return gateway.rows(`${counts.join(' union all ')} order by 1`);
    };
    const before = await count();
    const reached = gateway.stub.log.length;
    const dry = { 'x-aos-dry-run': '1', 'x-aos-session-id': next('dry'), 'x-aos-actor-id': next('dry') };
    const refused = await plain(blocked, dry);
    expect(refused).toMatchObject({
      status: 200,
      body: { dry_run: true, decision: { verdict: 'block', code: 'quota_exceeded', policy_id: policy.id } },
    });
    expect(refused.headers.get('x-aos-decision')).toBe('block');
    const allowed = await plain(open, dry);
    expect(allowed).toMatchObject({
      status: 200,
      body: { dry_run: true, decision: { verdict: 'continue', policy_id: null } },
    });
    expect(gateway.stub.log).toHaveLength(reached);
    expect(await count()).toEqual(before);
  });
});
