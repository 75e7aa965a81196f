import { describe, expect, test } from 'vitest';
import { most_unresolved } from './signal.ts';
import {
  changesOf,
  countedAt,
  heals_after_ms,
  lastDayAt,
  type Observed,
  observed,
  type Unresolved,
} from './signal-look.ts';
import type { SignalType } from './signals/define.ts';
import { error_burst } from './signals/error-burst.ts';
import { type SignalName, signal_names, signal_types } from './signals/index.ts';

const now_ms = Date.UTC(2026, 0, 1, 12);
const found = (subject: string, more: Partial<Observed> = {}): Observed => ({
  ...observed(error_burst, subject, error_burst.example.facts),
  ...more,
});
const stored = (subject: string, more: Partial<Unresolved> = {}): Unresolved => {
  const { evidence: _, ...of } = found(subject);
  const age = { last_seen_at_ms: now_ms - heals_after_ms, suppressed_until_ms: null, acted_severity: null };
  const acted = { acted_times_seen: null, escalates: null };
  return { ...of, id: `sig_${subject}`, status: 'open', times_seen: 1, last_day: [1], ...age, ...acted, ...more };
};
const all = new Map<string, number>(signal_names.map((type) => [type, heals_after_ms]));
const look = (signals: Unresolved[], seen: Observed[], looked = all) => {
  const { raised, seen: again, resolved } = changesOf(signals, seen, looked, now_ms);
  return {
    raised: raised.map(({ subject }) => subject),
    seen: again.map(({ signal, reopened }) => [signal.subject, reopened]),
    resolved: resolved.map(({ subject }) => subject),
  };
};

describe('every type of signal', () => {
  test.each(signal_types.map((of) => [of.type, of] as const))('%s says its example in its sentence', (_, of) => {
    const type = of as SignalType<SignalName, object>;
    expect(type.sentence(type.example.facts)).toBe(type.example.sentence);
    expect(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']).toContain(type.severity(type.example.facts));
    expect(type.watches).not.toMatch(/\.$/);
  });

  test('has a name of its own', () => expect(new Set(signal_names).size).toBe(signal_types.length));
});

describe('a look', () => {
  test('raises what was not there, and sees again what was', () =>
    expect(look([stored('a')], [found('a'), found('b')])).toEqual({
      raised: ['b'],
      seen: [['a', null]],
      resolved: [],
    }));

  test('resolves what has not been found for a while, and nothing that was found just before', () => {
    const fresh = stored('b', { last_seen_at_ms: now_ms - heals_after_ms + 1 });
    expect(look([stored('a'), fresh, stored('c', { status: 'acknowledged' })], []).resolved).toEqual(['a', 'c']);
  });

  test('takes nothing to have passed of a type it could not look for', () =>
    expect(look([stored('a')], [], new Map([['NEAR_LIMIT', heals_after_ms]])).resolved).toEqual([]));

  test('resolves after a time of its own what was not found among more than a look takes in', () => {
    const { span_ms } = error_burst;
    const signals = [0, 1].map((n) => stored(`${n}`, { last_seen_at_ms: now_ms - span_ms + n }));
    expect(look(signals, [], new Map([['ERROR_BURST', span_ms]])).resolved).toEqual(['0']);
  });

  test('raises of each type what there is room for beside those open or acknowledged', () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => found(`new ${n}`));
    const fresh = (n: number) => stored(`${n}`, { last_seen_at_ms: now_ms, status: n % 2 ? 'open' : 'acknowledged' });
    const kept = Array.from({ length: most_unresolved - 1 }, (_, n) => fresh(n));
    const suppressed = stored('quiet', { status: 'suppressed', suppressed_until_ms: now_ms + 1 });
    const other = found('a', { type: 'LIKELY_LOOP' });
    expect(look([...kept, suppressed], [...many(3), other]).raised).toEqual(['new 0', 'a']);
    expect(look([...kept, stored('passed')], many(2)).raised).toEqual(['new 0']);
    expect(look([], many(most_unresolved + 1)).raised).toHaveLength(most_unresolved);
  });

  test('leaves what is suppressed so for its time, and then open again or resolved', () => {
    const until = (ms: number) => ({ status: 'suppressed' as const, suppressed_until_ms: now_ms + ms });
    expect(look([stored('a', until(1)), stored('b', until(1))], [found('a')])).toEqual({
      ...{ raised: [], seen: [['a', null]], resolved: [] },
    });
    expect(look([stored('a', until(0)), stored('b', until(0))], [found('a')])).toEqual({
      ...{ raised: [], seen: [['a', 'its suppression is over']], resolved: ['b'] },
    });
  });

  test('opens what is suppressed before its time when it escalates or gets worse, where that was asked for', () => {
    const escalates = { more_than: 2, hours: 1 };
    const suppressed = (subject: string, more: Partial<Unresolved>) =>
      stored(subject, { status: 'suppressed', suppressed_until_ms: now_ms + 1, escalates, ...more });
    const often = { times_seen: 12, last_day: [2], last_seen_at_ms: now_ms };
    const signals = [
      suppressed('more since', { ...often, acted_times_seen: 10 }),
      suppressed('as many since', { ...often, acted_times_seen: 11 }),
      suppressed('more, in two hours', { ...often, last_day: [2, 1], acted_times_seen: 9 }),
      suppressed('worse', { acted_times_seen: 1 }),
      suppressed('for its time', { ...often, acted_times_seen: 0, escalates: null }),
    ];
    const seen = signals.map(({ subject }) => found(subject, subject === 'worse' ? { severity: 'HIGH' } : {}));
    expect(look(signals, seen).seen).toEqual([
      ['more since', 'it escalated: >2/1h'],
      ['as many since', null],
      ['more, in two hours', null],
      ['worse', 'it is worse than when it was suppressed'],
      ['for its time', null],
    ]);
  });

  test('reopens what was acknowledged when it got worse, and only then', () => {
    const acknowledged = (subject: string) => stored(subject, { status: 'acknowledged' });
    const seen = [found('a', { severity: 'HIGH' }), found('b'), found('c', { severity: 'LOW' })];
    expect(look(['a', 'b', 'c'].map(acknowledged), seen).seen).toEqual([
      ['a', 'it is worse than when it was acknowledged'],
      ['b', null],
      ['c', null],
    ]);
  });
});

test('what is as grave as when it was acknowledged stays so, whatever it was in between', () => {
  const acknowledged = stored('a', { status: 'acknowledged', severity: 'MEDIUM', acted_severity: 'HIGH' });
  expect(look([acknowledged], [found('a', { severity: 'HIGH' })]).seen).toEqual([['a', null]]);
});

test('the last day moves on by the hour and keeps 24 counts', () => {
  const hour_ms = 3_600_000;
  const first = countedAt([], now_ms, now_ms);
  expect([first.length, first.at(-1)]).toEqual([24, 1]);
  expect(countedAt(first, now_ms, now_ms + hour_ms - 1).slice(-2)).toEqual([0, 2]);
  expect(countedAt(first, now_ms, now_ms + hour_ms).slice(-2)).toEqual([1, 1]);
  expect(lastDayAt(first, now_ms, now_ms + 23 * hour_ms)[0]).toBe(1);
  expect(lastDayAt(first, now_ms, now_ms + 50 * hour_ms)).toEqual(new Array(24).fill(0));
});
