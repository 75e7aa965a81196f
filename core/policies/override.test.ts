import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nanoOfUsd } from '../base/money.ts';
import { instantText } from '../base/time.ts';
import { limit_schema, limit_types } from './limits/index.ts';
import { type ActiveOverride, factor, raisedBy, raisedFor } from './override.ts';

const at_ms = Date.UTC(2026, 10, 22, 12);
const cost = limit_schema.parse({ type: 'cost_usd', max: '10.000000001', window: { per: 'day' }, count_per: 'agent' });
const type = limit_types.get('cost_usd') as NonNullable<ReturnType<typeof limit_types.get>>;
const of = (subject = 'agt_1') => ({ control_id: 'ctl_1', subject, limit: cost, type });
const override = (more: Partial<ActiveOverride>): ActiveOverride => ({
  id: 'ovr_1',
  control_id: 'ctl_1',
  subject: null,
  amount: null,
  factor: null,
  expires_at: instantText(at_ms + 1),
  ...more,
});

test('an amount is added and a factor multiplies, exactly', () => {
  expect(raisedBy(override({ amount: '0.5' }), cost, type)).toBe(nanoOfUsd('10.500000001'));
  expect(raisedBy(override({ factor: '1.5' }), cost, type)).toBe(nanoOfUsd('15.000000001'));
  expect(raisedBy(override({ factor: '1.000001' }), cost, type)).toBe(nanoOfUsd('10.000010001'));
  expect(raisedBy(override({ factor: '2' }), cost, type)).toBe(nanoOfUsd('20.000000002'));
});

test('it holds until the instant at which it expires, and not at it', () => {
  expect(raisedFor([override({ factor: '2' })], of(), at_ms)?.max).toBe(nanoOfUsd('20.000000002'));
  expect(raisedFor([override({ factor: '2' })], of(), at_ms + 1)).toBeNull();
});

test('it raises its own control for its own subject only', () => {
  expect(raisedFor([override({ factor: '2', subject: 'agt_2' })], of('agt_1'), at_ms)).toBeNull();
  expect(raisedFor([override({ factor: '2', control_id: 'ctl_2' })], of(), at_ms)).toBeNull();
  expect(raisedFor(undefined, of(), at_ms)).toBeNull();
});

test('of many, the one that allows most counts, in whatever order they come; the limit is never lowered', () => {
  const one = fc.record({
    subject: fc.constantFrom(null, 'agt_1', 'agt_2'),
    amount: fc.integer({ min: 1, max: 1000 }).map(String),
    expires_at: fc.integer({ min: -3, max: 3 }).map((n) => instantText(at_ms + n)),
  });
  const many = fc.array(one, { maxLength: 8 });
  const cases = many.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
  fc.assert(
    fc.property(cases, ([all, shuffled]) => {
      const overrides = all.map((more, n) => override({ ...more, id: `ovr_${n}` }));
      const found = raisedFor(overrides, of(), at_ms);
      const live = overrides.filter((o) => Date.parse(o.expires_at) > at_ms && o.subject !== 'agt_2');
      const most = live
        .map((o) => nanoOfUsd('10.000000001') + nanoOfUsd(o.amount ?? '0'))
        .sort((a, b) => (a < b ? 1 : -1));
      expect(found?.max).toBe(most[0]);
      expect(
        raisedFor(
          shuffled.map((more) => override(more)),
          of(),
          at_ms,
        )?.max,
      ).toBe(most[0]);
      if (found) expect(found.max > found.base).toBe(true);
    }),
  );
});

test('a factor is above 1, at most 1000, with at most six places', () => {
  for (const good of [1.5, '1.000001', '1000', 1000, '2'])
    expect(factor.safeParse(good).success, String(good)).toBe(true);
  for (const bad of [1, '1', 0.5, -2, '1000.1', 1001, '1.0000001', 'x', '1e3', Number.NaN, Infinity])
    expect(factor.safeParse(bad).success, String(bad)).toBe(false);
});
