import { expect, test } from 'vitest';
import { type Aimed, bindingsAmong } from './binding.ts';

const aimed = (name: string, kind: Aimed['target']['kind'], ids: string[] = [], more: Partial<Aimed> = {}): Aimed => ({
  id: `pol_${name}`,
  name,
  mode: 'enforce',
  target: { kind, ids, except_ids: [] },
  start_at: null,
  expires_at: null,
  ...more,
});

const bot = ['agt_1', 'bot'];
const other = ['agt_2', 'other'];
const shop = ['prj_1', 'shop'];
const names = (policies: Aimed[], of: Parameters<ReturnType<typeof bindingsAmong>>[0]) =>
  bindingsAmong(policies, 1_000)(of).map(({ name }) => name);

test('a policy binds by id and by slug, and the narrowest stands first', () => {
  const policies = [
    aimed('all', 'all_runs'),
    aimed('project', 'project', ['shop']),
    aimed('agent', 'agent', ['agt_1']),
    aimed('key', 'api_key', ['key_1']),
    aimed('stranger', 'agent', ['agt_9']),
  ];
  expect(names(policies, { api_key: [['key_1']], agent: [bot], project: [shop] })).toEqual([
    'key',
    'agent',
    'project',
    'all',
  ]);
  expect(names(policies, { agent: [other], project: [shop] })).toEqual(['project', 'all']);
});

test('a key that is bound to several agents meets what is about any of them', () => {
  expect(names([aimed('agent', 'agent', ['other'])], { agent: [bot, other] })).toEqual(['agent']);
  expect(names([aimed('agent', 'agent', ['other'])], {})).toEqual([]);
});

test('an exception frees whoever it names, and a key only when all it can call as are named', () => {
  const all = (...except_ids: string[]) => [
    aimed('all', 'all_runs', [], { target: { kind: 'all_runs', ids: [], except_ids } }),
  ];
  expect(names(all('bot'), { agent: [bot, other] })).toEqual(['all']);
  expect(names(all('bot', 'agt_2'), { agent: [bot, other] })).toEqual([]);
  expect(names(all('shop'), { agent: [bot], project: [shop] })).toEqual([]);
  const both = [
    aimed('both', 'agent', ['bot', 'other'], { target: { kind: 'agent', ids: ['bot'], except_ids: ['bot'] } }),
  ];
  expect(names(both, { agent: [bot, other] })).toEqual([]);
});

test('what has expired binds nobody', () => {
  const at = (ms: number) => [aimed('until', 'all_runs', [], { expires_at: new Date(ms).toISOString() })];
  expect(names(at(1_000), {})).toEqual([]);
  expect(names(at(1_001), {})).toEqual(['until']);
});

test('a policy that has not started binds nobody yet', () => {
  const start = (ms: number) => aimed('later', 'all_runs', [], { start_at: new Date(ms).toISOString() });
  expect(names([start(1_001)], { agent: [bot] })).toEqual([]);
  expect(names([start(1_000)], { agent: [bot] })).toEqual(['later']);
});
