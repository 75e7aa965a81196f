import { expect, test } from 'vitest';
import { listCommand } from './list-command.ts';

test('a command says the same filters, quoted as a shell wants them', () => {
  const path = "/api/v1/activity/completed?agent=a&agent=it's%20b&project=demo&is_synthetic=all&limit=100";
  const said = String.raw`npx aos runs list --completed --agent a --agent 'it'\''s b' --project demo --synthetic`;
  expect(listCommand('listCompletedRuns', path)).toBe(said);
  const groups = '/api/v1/incidents?status=open&group=policy&group=agent&category=BUDGET_EXCEEDED';
  expect(listCommand('listIncidents', groups)).toBe('npx aos incidents list --status open --category BUDGET_EXCEEDED');
});

test('what is left out is quoted, or a shell would look for it in its history', () => {
  const path = '/api/v1/activity/live?agent=%21support-bot&agent=%21it%27s&project=%21demo';
  const said = String.raw`npx aos runs list --live --agent '!support-bot' --agent '!it'\''s' --project '!demo'`;
  expect(listCommand('listLiveRuns', path)).toBe(said);
});

test('no command is said where it would list something else', () => {
  for (const query of ['place=here', 'agent=a,b', 'agent=-x', 'project=a&project=b', 'is_synthetic=true'])
    expect([query, listCommand('listCompletedRuns', `/x?${query}`)]).toEqual([query, null]);
  expect(listCommand('listMembers', '/api/v1/members')).toBeNull();
});
