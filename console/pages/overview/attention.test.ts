import { expect, test } from 'vitest';
import { type Known, mattersOf } from './attention.ts';

const now_ms = Date.UTC(2026, 10, 22, 12);
const at = (minutes: number) => new Date(now_ms + minutes * 60_000).toISOString();
const nothing: Known = {
  incidents: [],
  signals: [],
  approvals: [],
  paused: [],
  contained: [],
  shadows: [],
};

const signal = (id: string, severity: string, more: object = {}): Known['signals'][number] =>
  ({
    ...{ id, severity, type: 'FORECAST_BREACH', subject: `${id} *`, text: `Signal ${id}.`, evidence: {} },
    ...more,
  }) as unknown as Known['signals'][number];
const empties = (minutes: number) => ({ evidence: { empties_at: at(minutes) } });

const incident = (id: string, severity: string, { incidents = 1, category = 'BUDGET_EXCEEDED' } = {}) =>
  ({
    ...{ severity, incidents, policy_name: 'Cap', agent_slug: 'bot', latest_incident_id: id },
    key: { violation_policy_id: 'pol_1', agent_id: 'agt_1', category },
  }) as unknown as Known['incidents'][number];

const words = (known: Partial<Known>) =>
  mattersOf({ ...nothing, ...known }, now_ms).map(({ word, text }) => `${word}: ${text}`);

test('what is contained needs attention until it is released, people and the tenant too', () => {
  const contained = [
    { id: 'stop_1', kind: 'actor', name: 'ana', reason: 'she left' },
    { id: 'stop_2', kind: 'tenant', name: 'all runs', reason: 'an attack' },
  ] as unknown as Known['contained'];
  expect(words({ contained })).toEqual([
    'Contained: The human ana is stopped: she left',
    'Contained: All runs are stopped: an attack',
  ]);
});

test('nothing needs attention when nothing is known to', () => expect(words({})).toEqual([]));

test('the gravest comes first, and of those alike what does harm soonest', () => {
  const signals = [
    signal('later', 'MEDIUM', empties(60)),
    signal('soon', 'MEDIUM', empties(10)),
    signal('full', 'HIGH', { type: 'NEAR_LIMIT' }),
    signal('someday', 'LOW', { type: 'SHADOW_WOULD_BLOCK' }),
  ];
  const incidents = [incident('inc_1', 'CRITICAL', { category: 'TOKEN_LIMIT' })];
  expect(words({ signals, incidents })).toEqual([
    'Critical: Cap: token limit by bot',
    'Near limit: Signal full.',
    'Forecast breach: Signal soon.',
    'Forecast breach: Signal later.',
    'Shadow would block: Signal someday.',
  ]);
});

test('incidents alike are one matter, however many there are', () => {
  const incidents = [incident('inc_1', 'LOW'), incident('inc_2', 'HIGH', { incidents: 12_431 })];
  expect(words({ incidents })).toEqual([
    'High: 12,431 × Cap: budget exceeded by bot',
    'Low: Cap: budget exceeded by bot',
  ]);
});

test('a limit that is near is told once, and not again as one that will be spent', () => {
  const subject = 'ctl_1 agt_1';
  const signals = [
    signal('sig_1', 'MEDIUM', { subject, ...empties(60) }),
    signal('sig_2', 'MEDIUM', { subject, type: 'NEAR_LIMIT' }),
    signal('sig_3', 'MEDIUM', { ...empties(60) }),
  ];
  expect(words({ signals })).toEqual(['Near limit: Signal sig_2.', 'Forecast breach: Signal sig_3.']);
});

test('what asked for a person waits until its run has ended; then only what later calls meet is told', () => {
  const asked = (run_id: string, more: object) =>
    ({
      id: `apr_${run_id}`,
      run_id,
      question: `Q ${run_id}`,
      expires_at: at(10),
      on_timeout: 'block',
      ...more,
    }) as never;
  const approvals = [
    asked('run_1', { subject: 'run_1', run_ended_at: null }),
    asked('run_2', { subject: 'run_2', run_ended_at: at(-10) }),
    asked('run_3', { subject: '*', run_ended_at: at(-10) }),
  ];
  expect(words({ approvals })).toEqual([
    'Waiting: Q run_1 (refused in 10 min)',
    'Open: Q run_3 (its run has ended; later calls are refused in 10 min)',
  ]);
});

const shadow = (id: string, more: object = {}): Known['shadows'][number] =>
  ({
    ...{ policy_id: id, name: `Policy ${id}`, since: at(-3_000), in_shadow_ms: 3_000 * 60_000, doubts: [] },
    ...{ evaluated: 1_204, evaluated_is_exact: true, would_stop: 27 },
    ...more,
  }) as unknown as Known['shadows'][number];

test('a policy in shadow is a matter when nothing speaks against it, and then not twice', () => {
  const blocks = (subject: string) => signal(`sig_${subject}`, 'LOW', { subject, type: 'SHADOW_WOULD_BLOCK' });
  const shadows = [shadow('pol_1'), shadow('pol_2', { doubts: ['One call is marked wrong.'] })];
  expect(words({ shadows, signals: [blocks('pol_1'), blocks('pol_2')] })).toEqual([
    'Ready: Policy pol_1 would have stopped 27 of 1,204 calls in 2 d 2 h of shadow',
    'Shadow would block: Signal sig_pol_2.',
  ]);
});

test('a policy in shadow that has met no call for 30 days is a matter, and one that has is none', () => {
  const day_ms = 86_400_000;
  const doubts = ['It has looked at 0 calls only, which is less than 50.'];
  const shadows = [
    shadow('pol_1', { in_shadow_ms: 30 * day_ms, evaluated: 0, doubts }),
    shadow('pol_2', { in_shadow_ms: 30 * day_ms - 1, evaluated: 0, doubts }),
    shadow('pol_3', { in_shadow_ms: 40 * day_ms, evaluated: 1, doubts }),
    shadow('pol_4', { in_shadow_ms: 40 * day_ms, evaluated: null, doubts }),
  ];
  expect(words({ shadows })).toEqual(['Idle: Policy pol_1 has met no call in 30 d 0 h of shadow']);
});

test('what is said of a limit leads to its balance, where it is raised', () => {
  const subject = 'ctl_1 agt_1';
  const near = signal('sig_1', 'HIGH', { subject, type: 'NEAR_LIMIT', evidence: { control_id: 'ctl_1' } });
  const [matter] = mattersOf({ ...nothing, signals: [near] }, now_ms);
  expect(matter).toMatchObject({ href: '/limits?limit=ctl_1&subject=agt_1', act: 'Raise limit…' });
});
