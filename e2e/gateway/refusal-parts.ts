import { afterAll, beforeAll, expect } from 'vitest';
import { api, expectStatus } from '../parts/client.ts';
import { type Gateway, recordsOf, startGateway, type WireName, wires } from '../parts/gateway.ts';

/** A gateway, limits of every kind, and all that a refusal leaves behind. `withGateway` starts the gateway. */

export let gateway: Gateway;
let agents = 0;

/** For the tests of the file that calls it. */
export function withGateway(): void {
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway?.stop());
}

export interface Refused {
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
export interface Cause {
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

export const day = { per: 'day' };
export const block = 'block';
const spent = { status: 402, category: 'BUDGET_EXCEEDED', severity: 'HIGH' };
export const causes: Record<string, Cause> = {
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

export const next = (name: string) => `${name.replaceAll(' ', '-')}-${++agents}`;

export function bodyOf(wire: WireName, stream: boolean, model?: string) {
  const provider = wire === 'messages' ? 'anthropic' : 'openai';
  return wires[wire].body({ output_tokens: 5 }, { stream, ...(model && { model: `${provider}/${model}` }) });
}

export const call = (wire: WireName, body: object, headers: Record<string, string>, key = gateway.server.admin_key) =>
  api(gateway.server, key).post(wires[wire].path, body, { headers });

/** The error of an answer, which must be in the form of its wire and nothing else. */
export function errorIn(wire: WireName, body: unknown): Refused {
  const { error, ...around } = body as { error: Refused; type?: string };
  expect(around).toEqual(wire === 'messages' ? { type: 'error' } : {});
  const { type, code, message, details, ...others } = error;
  expect(others).toEqual(wire === 'messages' ? {} : { param: null });
  return { type, code, message, details };
}

/** Everything a refusal leaves in the database, linked. */
export async function expectTold(error: Refused, { category, severity }: Pick<Cause, 'category' | 'severity'>) {
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

/** The gauge of a limit and its error give the same numbers: there is one. */
export async function expectSameState(details: Details): Promise<void> {
  const state = expectStatus(200, await gateway.admin.get(`/api/v1/limits/${details.control_id}/state`));
  expect(state).toMatchObject({
    ...{ policy_id: details.policy_id, unit: details.unit, cap: details.limit, enforced: true },
    ...{ posted: details.used, pending: details.reserved, resets_at: details.resets_at },
  });
}
