import { expect, test } from 'vitest';
import { namesAmong } from './concerned.ts';

test('an actor with the slug of an agent is not taken for it', () => {
  const agent = { id: 'agt_1', slug: 'support-bot', name: 'support-bot', kind: 'agent' as const, project_id: 'prj_1' };
  const actor = { ...agent, id: 'act_1', kind: 'actor' as const, project_id: null };
  const names = namesAmong([agent, actor]);
  expect(['support-bot', 'agt_1'].map((name) => names('agent', name))).toEqual([agent, agent]);
  expect(['support-bot', 'act_1'].map((name) => names('actor', name))).toEqual([actor, actor]);
  expect([names('project', 'support-bot'), names('agent', 'act_1')]).toEqual([undefined, undefined]);
});
