import { expect, test } from 'vitest';
import { type Known, mattersOf } from './attention.ts';

const now_ms = Date.UTC(2026, 10, 22, 12);
const at = (minutes: number) => new Date(now_ms + minutes * 60_000).toISOString();
const nothing: Known = {
  incidents: [],
  limits: [],
  approvals: [],
  paused: [],
  policies: [],
  keys: [],
  dead: [],
  unpriced_calls: 0,
};

const limit = (more: object): Known['limits'][number] =>
  ({
    ...{ id: 'ctl_1', policy_id: 'pol_1', policy_name: 'Cap', status: 'active', mode: 'enforce', count_per: 'target' },
    ...{ unit: 'usd', cap: '10', posted: '5', pending: '0', remaining: '5', subject: '*', items: [] },
    ...{ resets_at: at(600), empties_at: null },
    ...more,
  }) as unknown as Known['limits'][number];

const incident = (id: string, severity: string, more: object = {}) =>
  ({
    ...{ id, severity, violation_policy_id: 'pol_1', policy_name: 'Cap', agent_id: 'agt_1', agent_slug: 'bot' },
    ...{ category: 'BUDGET_EXCEEDED', ...more },
  }) as unknown as Known['incidents'][number];

const words = (known: Partial<Known>) =>
  mattersOf({ ...nothing, ...known }, now_ms).map(({ word, text }) => `${word}: ${text}`);

test('nothing needs attention when nothing is known to', () => expect(words({})).toEqual([]));

test('the gravest comes first, and of those alike what does harm soonest', () => {
  const soon = limit({ id: 'ctl_2', policy_name: 'Soon', empties_at: at(10) });
  const later = limit({ id: 'ctl_3', policy_name: 'Later', empties_at: at(60) });
  const full = limit({ id: 'ctl_4', policy_name: 'Full', remaining: '0', posted: '10' });
  const incidents = [incident('inc_1', 'CRITICAL', { category: 'TOKEN_LIMIT' })];
  expect(words({ limits: [later, soon, full], incidents }).map((text) => text.split(' ')[1])).toEqual([
    'Cap:',
    'Full:',
    'Soon:',
    'Later:',
  ]);
});

test('incidents alike are one matter, as grave as the gravest', () => {
  const incidents = [
    incident('inc_1', 'LOW'),
    incident('inc_2', 'HIGH'),
    incident('inc_3', 'LOW', { agent_id: 'agt_2' }),
  ];
  expect(words({ incidents })).toEqual(['High: 2 × Cap: budget exceeded by bot', 'Low: Cap: budget exceeded by bot']);
});

test('a limit that is reset before it runs out is no matter', () =>
  expect(words({ limits: [limit({ empties_at: at(700) })] })).toEqual([]));

test('what one run has used up is told as its incident and not again as a limit', () =>
  expect(words({ limits: [limit({ subject: 'run_1', remaining: '0' })] })).toEqual([]));
