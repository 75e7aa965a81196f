import { describe, expect, test } from 'vitest';
import { type Exposure, exposureFindings } from './exposure.ts';
import { policy_document } from './policy.ts';

const cost = (more: object = {}) => ({
  limit: { type: 'cost_usd', max: '50', window: { per: 'day' }, ...more },
  action: 'block',
});
const policy = (target: object, ...controls: object[]) =>
  policy_document.parse({ name: 'Mine', target, controls: controls.length > 0 ? controls : [cost()] });
const bots = policy({ kind: 'agent', ids: ['bot'] });
const quiet: Exposure = {
  keys: { total: 14, any_agent: 0, any_actor: 0, projects: ['billing'] },
  is_called: true,
  typical_run_ms: null,
  used: new Map(),
  writer: { key: null, actors: [] },
};
const told = (document: ReturnType<typeof policy>, more: Partial<Exposure> = {}) =>
  exposureFindings(document, { ...quiet, ...more }).map(({ path, message, code }) => [
    path,
    message,
    ...(code ? [code] : []),
  ]);
const unbound = { keys: { total: 14, any_agent: 12, any_actor: 3, projects: ['billing'] } };

test('nothing is told of a policy that is called through bound keys and has room', () => {
  expect(told(bots)).toEqual([]);
});

describe('keys that can claim to be anybody', () => {
  test('walk around a policy for agents or actors', () => {
    const words =
      'can claim any agent id; a caller can avoid this policy by sending another x-aos-agent-id until its key is bound';
    expect(told(bots, unbound)).toEqual([['target', `12 of 14 keys of project billing ${words}`, 'unbound_keys']]);
    expect(told(policy({ kind: 'actor', ids: ['ann'] }), unbound)[0]?.[1]).toContain(
      '3 of 14 keys of project billing can claim any actor id; a caller can avoid this policy by sending another x-aos-actor-id',
    );
    expect(told(bots, { keys: { total: 1, any_agent: 1, any_actor: 0, projects: [] } })[0]?.[1]).toContain(
      '1 of 1 key of this tenant can claim',
    );
  });

  test('have a balance of their own where it is counted for each', () => {
    expect(told(policy({ kind: 'all_runs' }, cost({ count_per: 'agent' })), unbound)[0]?.[1]).toBe(
      'controls[0]: 12 of 14 keys of project billing can claim any agent id; a caller can have a balance of its own by sending another x-aos-agent-id until its key is bound',
    );
    expect(told(policy({ kind: 'all_runs' }), unbound)).toEqual([]);
  });
});

test('a target that nobody has called for is told', () => {
  expect(told(bots, { is_called: false })).toEqual([['target', 'it matches 0 runs in 30 days']]);
});

test('a limit of which more is used than it would allow acts immediately; one that is just full does not', () => {
  const used = (dollars: bigint, subject = '*') => ({
    used: new Map([[0, { amount: dollars * 1_000_000_000n, cap: 50_000_000_000n, subject }]]),
  });
  expect(told(bots, used(61n))).toEqual([
    [
      'controls[0].limit.max',
      'controls[0]: would act immediately: $61.00 already used, $50.00 allowed in one day (UTC)',
    ],
  ]);
  expect(told(bots, used(61n, 'agt_1'))[0]?.[1]).toContain('already used by agt_1,');
  expect(told(bots, used(50n))).toEqual([]);
});

test('who would stop the key or the person that writes it is warned; who only warns is not', () => {
  const writer = { writer: { key: 'ops', actors: ['ann'] } };
  expect(told(bots, writer).map(([, message]) => message)).toEqual([
    'it would stop the key "ops", as which it is being written',
    'it would stop the actor ann, as which it is being written',
  ]);
  expect(told(policy({ kind: 'agent', ids: ['bot'] }, { ...cost(), action: 'warn' }), writer)).toEqual([]);
});

test('an amount that a typical run has more than once is told; a rate and a window as long as the run are not', () => {
  const tokens = (window: object) => ({ limit: { type: 'tokens_total', max: 1000, window }, action: 'block' });
  const lasting = (minutes: number, control: object) =>
    told(policy({ kind: 'agent', ids: ['bot'] }, control), { typical_run_ms: minutes * 60_000 });
  expect(lasting(5, tokens({ per: 'minute' }))).toEqual([
    [
      'controls[0].limit.window',
      'controls[0]: a typical run of this target lasts 5 minutes and what is counted in one minute begins anew meanwhile',
    ],
  ]);
  expect(lasting(5, tokens({ rolling_seconds: 60 }))[0]?.[1]).toContain('counted within any minute');
  expect(lasting(1, tokens({ per: 'minute' }))).toEqual([]);
  expect(lasting(5, tokens({ per: 'run' }))).toEqual([]);
  const rate = { limit: { type: 'requests', max: 60, window: { per: 'minute' } }, action: 'block' };
  expect(lasting(5, rate)).toEqual([]);
});
