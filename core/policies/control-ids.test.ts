import { describe, expect, test } from 'vitest';
import { Problem } from '../base/error.ts';
import type { StoredControl } from './control.ts';
import { identifyControls } from './control-ids.ts';
import { policy_document } from './policy.ts';

const idOf = (n: number) => `ctl_${String(n).padStart(26, '0')}`;
const cost = (more: object = {}) => ({
  limit: { type: 'cost_usd', max: '5', window: { per: 'day' }, ...more },
  action: 'block',
});
const tokens = { limit: { type: 'tokens_total', max: 100, window: { per: 'run' } }, action: 'block' };
const deny = { rule: { type: 'model_access', params: { deny: ['x'] } }, action: 'block' };

const write = (...controls: object[]) => policy_document.parse({ name: 'x', target: { kind: 'all_runs' }, controls });
const stored = (...controls: object[]) => write(...controls).controls as StoredControl[];

function identify(present: StoredControl[], written: ReturnType<typeof write>, before: StoredControl[] = []) {
  let last = 100;
  const ever = new Map([...before, ...present].map((control) => [control.id, control]));
  const { document, replaced } = identifyControls(written, { ever, present }, () => idOf(++last));
  return { ids: document.controls.map(({ id }) => id), replaced, document };
}

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem && error.code === 'invalid_body') return error.message;
    throw error;
  }
  throw new Error('it was accepted');
};

const present = stored({ ...cost(), id: idOf(1) }, { ...tokens, id: idOf(2) }, { ...deny, id: idOf(3) });

describe('controls of a new policy', () => {
  test('get an id each', () => {
    expect(identify([], write(cost(), tokens, deny)).ids).toEqual([idOf(101), idOf(102), idOf(103)]);
  });

  test('may not bring one', () => {
    expect(refusal(() => identify([], write({ ...cost(), id: idOf(1) })))).toContain('controls[0].id');
  });
});

describe('controls of an edited policy', () => {
  test('that are sent back keep their ids, whatever their order, cap, action and alerts', () => {
    const raised = {
      ...cost({ max: '500' }),
      action: 'warn',
      alerts: { tiers: [10] },
      id: idOf(1),
    };
    const { ids, replaced } = identify(present, write({ ...deny, id: idOf(3) }, raised));
    expect(ids).toEqual([idOf(3), idOf(1)]);
    expect(replaced).toEqual([]);
  });

  test('that are new get new ids beside those sent back', () => {
    expect(identify(present, write({ ...cost(), id: idOf(1) }, cost())).ids).toEqual([idOf(1), idOf(101)]);
  });

  test('sent without ids are taken for what they were when they count the same: raising a cap keeps what was spent', () => {
    expect(identify(present, write(cost({ max: '500' }), tokens, deny)).ids).toEqual([idOf(1), idOf(2), idOf(3)]);
    expect(identify(present, write(cost({ window: { per: 'month' } }))).ids).toEqual([idOf(101)]);
    expect(identify(present, write(cost({ count_per: 'agent' }))).ids).toEqual([idOf(101)]);
  });

  test('sent without ids keep what was counted beside others that count the same', () => {
    const warning = { ...cost({ max: '4' }), action: 'warn' };
    const before = stored({ ...cost(), id: idOf(1) }, { ...warning, id: idOf(2) });
    expect(identify(before, write(cost(), warning)).ids, 'the same again').toEqual([idOf(1), idOf(2)]);
    expect(identify(before, write(warning, cost())).ids, 'in another order').toEqual([idOf(2), idOf(1)]);
    expect(identify(before, write(warning, cost({ max: '9' }))).ids, 'one raised').toEqual([idOf(2), idOf(1)]);
    const higher = { ...warning, ...cost({ max: '8' }), action: 'warn' };
    expect(identify(before, write(higher, cost({ max: '9' }))).ids, 'both raised').toEqual([idOf(2), idOf(1)]);
    expect(identify(before, write({ ...cost(), action: 'kill' })).ids, 'one gone').toEqual([idOf(1)]);
    expect(identify(present, write(warning, cost())).ids, 'one more').toEqual([idOf(101), idOf(1)]);
    const twins = stored({ ...cost(), id: idOf(1) }, { ...cost({ max: '9' }), id: idOf(2) });
    expect(identify(twins, write({ ...cost({ max: '9' }), id: idOf(2) }, cost())).ids).toEqual([idOf(2), idOf(1)]);
  });

  test('sent without ids and with another window of the same kind are edited as if sent with them', () => {
    const over = (rolling_seconds: number) => cost({ window: { rolling_seconds } });
    const before = stored({ ...over(3_600), id: idOf(1) }, { ...over(86_400), id: idOf(2) });
    expect(identify(before, write(over(7_200), over(86_400))).ids).toEqual([idOf(1), idOf(2)]);
    const { ids, replaced } = identify(before, write(over(86_400), over(600)));
    expect(ids).toEqual([idOf(2), idOf(101)]);
    const finer = { from_seconds: 3_600, to_seconds: 600 };
    expect(replaced).toEqual([{ place: 'controls[1]', old_id: idOf(1), new_id: idOf(101), finer }]);
    const elsewhere = identify(present, write(cost({ window: { per: 'day', timezone: 'Europe/Paris' } })));
    const from_zero = [{ place: 'controls[0]', old_id: idOf(1), new_id: idOf(101), finer: null }];
    expect(elsewhere.replaced).toEqual(from_zero);
    expect(identify(present, write(cost({ window: { per: 'month' } }))).replaced, 'that is said').toEqual(from_zero);
  });

  test('that count something else than before start anew, and that is said', () => {
    const weekly = { ...cost({ window: { per: 'week' } }), id: idOf(1) };
    const { ids, replaced } = identify(present, write(weekly, { ...cost(), id: idOf(2) }, { ...tokens, id: idOf(3) }));
    expect(ids).toEqual([idOf(101), idOf(102), idOf(103)]);
    expect(replaced[0]).toEqual({ place: 'controls[0]', old_id: idOf(1), new_id: idOf(101), finer: null });
    expect(replaced).toHaveLength(3);
  });

  test.each([
    ['in another zone', { per: 'day' }, { per: 'day', timezone: 'Europe/Paris' }, true],
    ['in the same zone, said in words', { per: 'day' }, { per: 'day', timezone: 'UTC' }, false],
    ['over a shorter stretch, in finer buckets', { rolling_seconds: 3_600 }, { rolling_seconds: 30 }, true],
    ['over a longer stretch, in coarser buckets', { rolling_seconds: 30 }, { rolling_seconds: 3_600 }, false],
    ['over another stretch, in the same buckets', { rolling_seconds: 60 }, { rolling_seconds: 30 }, false],
  ])('that count %s start anew where they would not find what was counted', (_how, from, to, is_new) => {
    const before = stored({ ...cost({ window: from }), id: idOf(1) });
    const { ids, replaced } = identify(before, write({ ...cost({ window: to }), id: idOf(1) }));
    expect(ids).toEqual([idOf(is_new ? 101 : 1)]);
    expect(replaced).toHaveLength(is_new ? 1 : 0);
  });

  test('in finer buckets go on with what was counted, but not by another unit or for others', () => {
    const hourly = cost({ window: { rolling_seconds: 3_600 } });
    const before = stored({ ...hourly, id: idOf(1) });
    const finer = (changed: object) => {
      const limit = { ...hourly.limit, window: { rolling_seconds: 600 }, ...changed };
      return identify(before, write({ ...hourly, limit, id: idOf(1) })).replaced.map((of) => of.finer);
    };
    expect(finer({})).toEqual([{ from_seconds: 3_600, to_seconds: 600 }]);
    expect(finer({ count_per: 'agent' })).toEqual([null]);
    expect(finer({ type: 'tokens_total', max: 10 })).toEqual([null]);
    expect(finer({ window: { per: 'hour' } })).toEqual([null]);
  });

  test('that are counted apart by something else start anew', () => {
    const apart = { ...cost({ count_per: 'agent' }), id: idOf(1) };
    expect(identify(present, write(apart)).replaced).toHaveLength(1);
  });

  test('that count runs where they counted calls start anew', () => {
    const in_flight = { limit: { type: 'concurrency', max: 4 }, action: 'block' };
    const runs = { ...in_flight, limit: { ...in_flight.limit, counts: 'runs' } };
    const before = stored({ ...in_flight, id: idOf(1) });
    expect(identify(before, write({ ...in_flight, id: idOf(1) })).ids).toEqual([idOf(1)]);
    expect(identify(before, write({ ...runs, id: idOf(1) })).ids).toEqual([idOf(101)]);
    expect(identify(before, write(runs)).ids).toEqual([idOf(101)]);
  });

  test('may take up the id of an earlier version: going back keeps the balance', () => {
    const before = stored({ ...cost(), id: idOf(9) });
    expect(identify(present, write({ ...cost({ max: '7' }), id: idOf(9) }), before).ids).toEqual([idOf(9)]);
  });

  test('are refused with the id of another policy, and with one id twice', () => {
    expect(refusal(() => identify(present, write({ ...cost(), id: idOf(77) })))).toContain(
      `is ${idOf(77)}, which this policy never had`,
    );
    const twice = write({ ...cost(), id: idOf(1) }, { ...tokens, id: idOf(1) });
    expect(refusal(() => identify(present, twice))).toContain('controls[1].id');
  });
});
