import { expect, test } from 'vitest';
import { narrowingsOf, saidBy } from './row-values.ts';

const run = {
  id: 'run_1',
  agent_slug: 'support-bot',
  agent_id: 'agt_1',
  actor_slug: null,
  status: 'failed',
  termination_reason: 'SYSTEM_FAILURE',
  session_external_id: 's1',
};
const status = { name: 'status', label: 'Outcome', choices: ['succeeded', 'failed', 'cancelled'] };
const agent = { name: 'agent', label: 'Agent' };
const actor = { name: 'actor', label: 'Actor' };

test('a row is found to have what its filters are named after', () => {
  expect(['agent', 'actor', 'status', 'reason', 'session'].map((name) => saidBy(run, name))).toEqual([
    'support-bot',
    null,
    'failed',
    'SYSTEM_FAILURE',
    's1',
  ]);
  expect(saidBy({ key: { category: 'RATE_LIMIT' } }, 'category')).toBe('RATE_LIMIT');
});

test('a list is narrowed to what a row has; from closed lists it can also be left out', () => {
  expect(narrowingsOf(run, [status, agent, actor], {})).toEqual([
    { words: 'Filter for Outcome: failed', to: { status: ['failed'] } },
    { words: 'Filter out Outcome: failed', to: { status: ['succeeded', 'cancelled'] } },
    { words: 'Filter for Agent: support-bot', to: { agent: ['support-bot'] } },
  ]);
});

test('what is already so is not offered again', () => {
  expect(narrowingsOf(run, [status, agent], { status: ['failed'], agent: ['support-bot'] })).toEqual([]);
});
