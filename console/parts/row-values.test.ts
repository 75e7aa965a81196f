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
  const group = { key: { category: 'RATE_LIMIT', violation_policy_id: 'pol_1' }, policy_name: 'A cap' };
  expect(['category', 'policy'].map((name) => saidBy(group, name))).toEqual(['RATE_LIMIT', 'pol_1']);
  const entry = { event: 'KEY_MADE', actor_id: 'key_1', agent_id: null, object_id: 'key_2' };
  expect(['event', 'actor', 'agent', 'object'].map((name) => saidBy(entry, name))).toEqual([
    ...['KEY_MADE', 'key_1', null, 'key_2'],
  ]);
});

test('a list is narrowed to what a row has, and away from it', () => {
  expect(narrowingsOf(run, [status, agent, actor], {})).toEqual([
    { words: 'Filter for Outcome: failed', to: { status: ['failed'] } },
    { words: 'Filter out Outcome: failed', to: { status: ['succeeded', 'cancelled'] } },
    { words: 'Filter for Agent: support-bot', to: { agent: ['support-bot'] } },
    { words: 'Filter out Agent: support-bot', to: { agent: ['!support-bot'] } },
  ]);
});

test('what is already so is not offered again; an open filter can be turned round', () => {
  expect(narrowingsOf(run, [status, agent], { status: ['failed'], agent: ['support-bot'] })).toEqual([
    { words: 'Filter out Agent: support-bot', to: { status: ['failed'], agent: ['!support-bot'] } },
  ]);
});

test('what is left out is added to what already is, and taken from what is named', () => {
  const outOf = (chosen: string[]) => narrowingsOf(run, [agent], { agent: chosen }).at(-1)?.to;
  expect(outOf(['!other'])).toEqual({ agent: ['!other', '!support-bot'] });
  expect(outOf(['support-bot', 'other'])).toEqual({ agent: ['other'] });
  expect(outOf(['support-bot', '!other'])).toEqual({ agent: ['!other', '!support-bot'] });
});

test('a filter that takes one value leaves none out, and a value is written so that it is not taken for one left out', () => {
  expect(narrowingsOf(run, [{ ...agent, takes_one: true }], {}).map(({ to }) => to)).toEqual([
    { agent: ['support-bot'] },
  ]);
  expect(narrowingsOf({ agent_slug: '!odd' }, [agent], {}).map(({ to }) => to)).toEqual([
    { agent: [String.raw`\!odd`] },
    { agent: ['!!odd'] },
  ]);
});
