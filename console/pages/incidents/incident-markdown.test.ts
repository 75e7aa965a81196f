import { expect, test } from 'vitest';
import { markdownOf } from './incident-markdown.ts';

const incident = {
  ...{ id: 'inc_1', title: 'Daily cap `x`' },
  ...({ severity: 'HIGH', status: 'open', category: 'BUDGET_EXCEEDED' } as const),
  ...{
    policy_name: 'Daily cap',
    agent_slug: null,
    owner: 'Ann',
    source_run_id: 'run_1',
    url: 'http://aos/incidents/inc_1',
  },
};

test('an incident is told with its timeline, and what others wrote cannot be more than text', () => {
  const entries = [
    { at: '2026-11-30T09:41:56.000Z', text: 'Opened', reason: 'Opened', actor_id: null, actor_name: null },
    { at: '2026-11-30T09:42:00.000Z', text: 'Acknowledged', reason: '# mine\n', actor_id: 'key_1', actor_name: 'Ann' },
  ];
  expect(markdownOf(incident, entries)).toBe(
    [
      "**`Daily cap 'x'`** (HIGH, open)",
      '',
      '- Incident `inc_1`',
      '- Category BUDGET_EXCEEDED',
      '- Policy `Daily cap`',
      '- Owner `Ann`',
      '- Run `run_1`',
      '- Page http://aos/incidents/inc_1',
      '',
      '- 2026-11-30 09:41:56.000 UTC `Opened`',
      '- 2026-11-30 09:42:00.000 UTC `Acknowledged` by `Ann`: `# mine `',
      '',
    ].join('\n'),
  );
});
