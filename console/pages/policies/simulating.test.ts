import { expect, test } from 'vitest';
import { simulating } from './simulating.ts';

test('the command plays a run that the target is about', () => {
  const of = { except_ids: [] };
  expect(simulating({ ...of, kind: 'agent', ids: ['heron bot', 'other'], when: { model: ['gpt-4o'] } })).toBe(
    `npx aos simulate --agent='heron bot' --model=gpt-4o 'What it is to do'`,
  );
  expect(simulating({ ...of, kind: 'actor', ids: ['ines'] })).toBe(
    `npx aos simulate --agent=my-agent --actor=ines 'What it is to do'`,
  );
});
