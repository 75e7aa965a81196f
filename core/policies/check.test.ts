import { describe, expect, test } from 'vitest';
import { epochMs } from '../base/time.ts';
import { type CheckFacts, checkPolicy } from './check.ts';
import { policy_document } from './policy.ts';

const facts: CheckFacts = {
  at_ms: epochMs('2026-11-22T12:00:00.000Z'),
  unseen_ids: new Set(),
  unseen_exceptions: new Set(),
  not_human_ids: new Set(),
  unpriced_models: new Set(),
  unknown_providers: new Set(),
  channels: [],
  nearest: new Map(),
  others: [],
};
const cost = { type: 'cost_usd', max: '5', window: { per: 'day' } };

const check = (of: object, more: Partial<CheckFacts> = {}) => {
  const document = { name: 'x', target: { kind: 'all_runs' }, controls: [{ limit: cost, action: 'block' }], ...of };
  return checkPolicy(policy_document.parse(document), { ...facts, ...more });
};
const warnings = (of: object, more: Partial<CheckFacts> = {}) => check(of, more).warnings;
const limits = (...of: object[]) => ({ controls: of.map((limit) => ({ limit, action: 'block' })) });

test('a policy against which nothing speaks has neither refusals nor warnings', () => {
  expect(check({})).toEqual({ refusals: [], warnings: [] });
});

test('a policy that has expired may not become active; one that expires in a moment may', () => {
  expect(check({ expires_at: '2026-11-22T12:00:00.000Z' }).refusals).toEqual([
    expect.stringContaining('expires_at (2026-11-22T12:00:00.000Z) has passed'),
  ]);
  expect(check({ expires_at: '2026-11-22T12:00:00.001Z' }).refusals).toEqual([]);
});

test('a policy that would end before it starts may not become active', () => {
  const [start_at, expires_at] = ['2027-01-01T00:00:00.000Z', '2027-01-01T00:00:00.001Z'];
  expect(check({ start_at, expires_at }).refusals).toEqual([]);
  expect(check({ start_at, expires_at: start_at }).refusals).toEqual([
    expect.stringContaining(`start_at (${start_at}) is not before expires_at (${start_at})`),
  ]);
});

describe('warns', () => {
  const model = { target: { kind: 'all_runs', when: { model: ['known', 'new-model'] } } };

  test('of names that nobody has used', () => {
    const target = { kind: 'agent', ids: ['bot', 'bto'], except_ids: ['ann', 'anna'] };
    expect(warnings({ target }, { unseen_ids: new Set(['bto']), unseen_exceptions: new Set(['anna']) })).toEqual([
      'agent "bto" has not been seen yet: it matches nothing so far',
      'the exception "anna" has not been seen yet: it excepts nothing so far',
    ]);
  });

  test('of what is to become of a call when a limit cannot be looked at: it always can', () => {
    const on_failure = 'continue' as const;
    expect(warnings({ controls: [{ limit: cost, action: 'block', on_failure }] })).toEqual([
      expect.stringContaining('controls[0]: on_failure says what becomes of a call when a rule cannot be looked at'),
    ]);
    const rule = { type: 'model_access', params: { allow: ['known'] } };
    expect(warnings({ controls: [{ rule, action: 'block', on_failure }] })).toEqual([]);
  });

  test('of actors that are no humans, and of providers that are not configured', () => {
    const target = { kind: 'actor', ids: ['ann', 'cron'], when: { provider: ['openai', 'azure'] } };
    expect(
      warnings({ target }, { not_human_ids: new Set(['cron', 'other']), unknown_providers: new Set(['azure']) }),
    ).toEqual([
      'actor "cron" is not a human: a policy for actors applies to humans only',
      'provider "azure" is not configured: it matches nothing so far',
    ]);
  });

  test('of a target that is excepted from itself', () => {
    expect(warnings({ target: { kind: 'agent', ids: ['a', 'b'], except_ids: ['b', 'a'] } })).toEqual([
      expect.stringContaining('applies to no call'),
    ]);
    expect(warnings({ target: { kind: 'agent', ids: ['a', 'b'], except_ids: ['b'] } })).toEqual([]);
  });

  test('of a cost limit on a model without price, unless a price is declared or nothing is refused for it', () => {
    const unpriced = { unpriced_models: new Set(['new-model']) };
    expect(warnings(model, unpriced)).toEqual([
      'controls[0]: model "new-model" has no price, so every call to it is refused (price_unknown) and this limit never measures it: add a price, or set on_unknown_price to "estimate" with a declared_price',
    ]);
    const declared = { ...cost, on_unknown_price: 'estimate', declared_price: { input_usd: 1, output_usd: 1 } };
    expect(warnings({ ...model, ...limits(declared) }, unpriced)).toEqual([]);
    expect(
      warnings({ ...model, ...limits({ type: 'tokens_total', max: 1, window: { per: 'run' } }) }, unpriced),
    ).toEqual([]);
    expect(warnings({ ...model, controls: [{ limit: cost, action: 'warn' }] }, unpriced)[0]).toContain(
      'so this limit never measures it',
    );
  });

  test('of a limit of nothing', () => {
    expect(warnings(limits({ ...cost, max: 0 }))).toEqual([
      expect.stringContaining('controls[0]: a limit of 0 refuses every call'),
    ]);
    expect(warnings({ controls: [{ limit: { ...cost, max: 0 }, action: 'warn' }] })).toEqual([]);
  });

  test('of a limit for a day that the limit for its month never lets be reached', () => {
    const month = { ...cost, max: '3', window: { per: 'month' } };
    expect(warnings(limits(cost, month))).toEqual([
      'controls[0]: its limit of $5.00 per day can never be reached, because controls[1] refuses calls beyond $3.00 per month',
    ]);
    expect(warnings(limits(month, cost))).toHaveLength(1);
    const fine = [
      { ...month, max: '5' },
      { ...month, count_per: 'agent' },
      { ...month, window: { per: 'month', timezone: 'Asia/Tokyo' } },
      { type: 'tokens_total', max: 3, window: { per: 'month' } },
      { ...month, window: { per: 'run' } },
      { ...month, window: { rolling_seconds: 60 } },
    ];
    for (const other of fine) expect(warnings(limits(cost, other))).toEqual([]);
    const warned = [
      { limit: cost, action: 'block' },
      { limit: month, action: 'warn' },
    ];
    expect(warnings({ controls: warned })).toEqual([]);
    // A week may lie in two months, so that a week can hold more than one of them allows.
    expect(warnings(limits({ ...cost, window: { per: 'week' } }, month))).toEqual([]);
  });
});
