import { expect, test } from 'vitest';
import { action } from './action.ts';
import { count_per as count_pers } from './limits/define.ts';
import { limit_types } from './limits/index.ts';
import { policy_document } from './policy.ts';
import { type InForce, sentenceOf } from './sentence.ts';

const windows = [
  ...['run', 'session', 'minute', 'hour', 'day', 'week', 'month'].map((per) => ({ per })),
  { per: 'day', timezone: 'Asia/Kathmandu' },
  { rolling_seconds: 90 },
  { rolling_seconds: 3600 },
];
const all = { kind: 'all_runs' };
const cost = { type: 'cost_usd', max: '50', window: { per: 'day' } };
const only = (control: object, target: object = all, more: object = {}) => ({
  name: 'x',
  target,
  controls: [{ action: 'block', ...control }],
  ...more,
});

const sentences: [string, object][] = [
  [
    'Calls of all runs are refused once cost would exceed $50.00 in one day (UTC), all counted together.',
    only({ limit: cost }),
  ],
  [
    'Calls of agent support-bot to model gpt-4o are refused once cost would exceed $1,234,567.89 in one month (Europe/Paris), all counted together.',
    only(
      { limit: { ...cost, max: '1234567.89', window: { per: 'month', timezone: 'Europe/Paris' } } },
      { kind: 'agent', ids: ['support-bot'], when: { model: ['gpt-4o'] } },
    ),
  ],
  [
    'Calls of all runs wait up to 30 seconds for room and up to 1 hour for a person to decide (without an answer they are refused) once runs in flight would exceed 5 at one time, counted for each agent by itself.',
    only({ limit: { type: 'concurrency', max: 5, counts: 'runs', count_per: 'agent' }, action: 'pause' }),
  ],
  [
    'Calls of all runs are refused once cost would exceed $0.0042 in one run.',
    only({ limit: { ...cost, max: 0.0042, window: { per: 'run' } } }),
  ],
  [
    'Calls of all runs are refused once cost would exceed $0.000000001 in one session.',
    only({ limit: { ...cost, max: '0.000000001', window: { per: 'session' } } }),
  ],
  [
    'Calls of all runs are refused once cost would exceed $50.00 in one run, counted for each actor by itself.',
    only({ limit: { ...cost, window: { per: 'run' }, count_per: 'actor' } }),
  ],
  [
    'Calls of all runs are refused once cost would exceed $50.00 in one day (UTC), all counted together, a model without a price being taken to cost $1.00 for a million tokens in and $2.50 out.',
    only({ limit: { ...cost, on_unknown_price: 'estimate', declared_price: { input_usd: 1, output_usd: '2.5' } } }),
  ],
  [
    'Calls of project billing are refused once tokens would exceed 200,000 in one run.',
    only(
      { limit: { type: 'tokens_total', max: 200_000, window: { per: 'run' }, count_per: 'run' } },
      { kind: 'project', ids: ['billing'] },
    ),
  ],
  [
    'Calls of projects a and b pass with a warning once input tokens would exceed 1,000 in one week (UTC), counted for each agent by itself.',
    only(
      { limit: { type: 'tokens_input', max: 1000, window: { per: 'week' }, count_per: 'agent' }, action: 'warn' },
      { kind: 'project', ids: ['a', 'b'] },
    ),
  ],
  [
    'Calls of all runs pass and are recorded once output tokens would exceed 999 within any 5 minutes, all counted together.',
    only({ limit: { type: 'tokens_output', max: 999, window: { rolling_seconds: 300 } }, action: 'continue' }),
  ],
  [
    'Calls with API key key_1 are refused once requests would exceed 60 in one minute, counted for each API key by itself.',
    only(
      { limit: { type: 'requests', max: 60, window: { per: 'minute', timezone: 'Asia/Tokyo' }, count_per: 'api_key' } },
      { kind: 'api_key', ids: ['key_1'] },
    ),
  ],
  [
    'Calls of all runs are refused once requests would exceed 1 within any second, all counted together.',
    only({ limit: { type: 'requests', max: 1, window: { rolling_seconds: 1 } } }),
  ],
  [
    'Calls of all runs are refused once requests would exceed 10 within any 90 seconds, all counted together.',
    only({ limit: { type: 'requests', max: 10, window: { rolling_seconds: 90 } } }),
  ],
  [
    'Calls of all runs are refused once requests would exceed 10 within any 2 days, all counted together.',
    only({ limit: { type: 'requests', max: 10, window: { rolling_seconds: 172_800 } } }),
  ],
  [
    'Calls of all runs are refused once requests would exceed 10 in one hour, counted for each session by itself.',
    only({ limit: { type: 'requests', max: 10, window: { per: 'hour' }, count_per: 'session' } }),
  ],
  [
    'Calls of all runs are refused once calls in flight would exceed 4 at one time, counted for each project by itself.',
    only({ limit: { type: 'concurrency', max: 4, count_per: 'project' } }),
  ],
  [
    'Calls on behalf of human ann are refused when the model is o1-pro.',
    only({ rule: { type: 'model_access', params: { deny: ['o1-pro'] } } }, { kind: 'actor', ids: ['ann'] }),
  ],
  [
    'Calls on behalf of humans ann and ben are refused unless the model is gpt-4o* or o1.',
    only(
      { rule: { type: 'model_access', params: { allow: ['gpt-4o*', 'o1'] } } },
      { kind: 'actor', ids: ['ann', 'ben'] },
    ),
  ],
  [
    'Calls of all runs are refused when the model is gpt-4o-realtime, or is none of gpt-4o* and o1.',
    only({ rule: { type: 'model_access', params: { allow: ['gpt-4o*', 'o1'], deny: ['gpt-4o-realtime'] } } }),
  ],
  [
    'Calls of all runs to models a or b at provider openai with tool search tagged team=x or beta (except ann, ben and key_1) are refused when the model is a.',
    only(
      { rule: { type: 'model_access', params: { deny: ['a'] } } },
      {
        ...all,
        when: { model: ['a', 'b'], provider: ['openai'], tool: ['search'], tag: ['team=x', 'beta'] },
        except_ids: ['ann', 'ben', 'key_1'],
      },
    ),
  ],
  [
    'Calls of agents a1, a2, a3, a4, a5 and 3 more are refused when the model is x.',
    only(
      { rule: { type: 'model_access', params: { deny: ['x'] } } },
      { kind: 'agent', ids: ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'] },
    ),
  ],
  [
    'Calls of all runs are refused once cost would exceed $50.00 in one day (UTC), all counted together, with alerts to ops and mail at 50 %, 70 % and 90 %.',
    only({ limit: cost, alerts: { channels: ['ops', 'mail'] } }),
  ],
  [
    'Calls of all runs are refused once cost would exceed $50.00 in one day (UTC), all counted together.',
    only({ limit: cost, alerts: { enabled: false, channels: ['ops'] } }),
  ],
  [
    'Calls of all runs are refused once cost would exceed $50.00 in one day (UTC), all counted together, with alerts at 20 % and 80 %.',
    only({ limit: cost, alerts: { tiers: [80, 20, 80] } }),
  ],
  [
    'Calls of all runs pass with a warning and an incident when the model is x.',
    only({ rule: { type: 'model_access', params: { deny: ['x'] } }, action: 'warn', incident: true }),
  ],
  [
    'In shadow, calls of all runs would be refused once cost would exceed $50.00 in one day (UTC), all counted together; and they would pass with a warning when the model is x, until 2030-01-01 09:30 UTC.',
    {
      name: 'x',
      target: all,
      mode: 'shadow',
      controls: [
        { limit: cost, action: 'block' },
        { rule: { type: 'model_access', params: { deny: ['x'] } }, action: 'warn' },
      ],
      expires_at: '2030-01-01T09:30:59.000Z',
    },
  ],
  [
    'Calls of all runs are refused once cost would exceed $50.00 in one day (UTC), all counted together, with alerts to ops at 50 % and to pager at 90 % and 100 %, again every 30 minutes while they last, below 100 % not from 22:00 to 07:00 (Europe/Paris) but after it.',
    only({
      limit: cost,
      alerts: {
        tiers: [50, 90],
        channels: ['ops'],
        tier_channels: { '100': ['pager'], '90': ['pager'] },
        repeat_minutes: 30,
        quiet_hours: { from: '22:00', to: '07:00', timezone: 'Europe/Paris' },
      },
    }),
  ],
  [
    'Calls of all runs are refused once cost would exceed $50.00 in one day (UTC), all counted together, from 2029-12-24 00:00 UTC until 2030-01-01 09:30 UTC (callers are told no amounts).',
    only({ limit: cost }, all, {
      start_at: '2029-12-24T00:00:00.000Z',
      expires_at: '2030-01-01T09:30:59.000Z',
      error_detail: 'minimal',
    }),
  ],
];

sentences.push(
  [
    'Calls of all runs wait up to 30 seconds for room and up to 1 hour for a person to decide (without an answer they are refused) once cost would exceed $50.00 in one day (UTC), all counted together.',
    only({ limit: cost, action: 'pause' }),
  ],
  [
    'Calls of all runs wait up to 10 minutes for ann or approver to decide (without an answer they pass) once steps would exceed 25 in one run.',
    only({
      limit: { type: 'steps', max: 25, window: { per: 'run' } },
      action: 'pause',
      pause: { wait_seconds: 0, timeout_seconds: 600, ask: ['ann', 'approver'], on_timeout: 'continue' },
    }),
  ],
  [
    'Calls of all runs are refused once run time would exceed 5 minutes in one run.',
    only({ limit: { type: 'duration', max: 300 } }),
  ],
);

test.each(sentences)('%s', (sentence, document) => {
  expect(sentenceOf(policy_document.parse(document))).toBe(sentence);
});

const until = '2030-01-01T09:30:00.000Z';
const raise = (more: object) => ({
  id: 'ovr_1',
  control_id: 'ctl_1',
  subject: null,
  amount: null,
  factor: null,
  expires_at: until,
  ...more,
});

/** What people have excepted for a time, and the sentence that says so. */
const exceptions: [string, object, InForce][] = [
  [
    'Calls of all runs are refused once cost would exceed $50.00 (raised to $75.00 until 2030-01-01 09:30 UTC) in one day (UTC), all counted together.',
    only({ id: 'ctl_1', limit: cost }),
    { overrides: [raise({ amount: '25' }), raise({ amount: '99', control_id: 'ctl_2' })] },
  ],
  [
    'Calls of all runs are refused once tokens would exceed 1,000 (raised to 1,500 for agt_1 until 2030-01-01 09:30 UTC; raised to 3,000 for agt_2 until 2030-01-01 09:30 UTC) in one week (UTC), counted for each agent by itself.',
    only({
      id: 'ctl_1',
      limit: { type: 'tokens_total', max: 1000, window: { per: 'week' }, count_per: 'agent' },
    }),
    { overrides: [raise({ factor: '1.5', subject: 'agt_1' }), raise({ factor: '3', subject: 'agt_2' })] },
  ],
  [
    'Calls of all runs (except ann; agent bot until 2030-01-01 09:30 UTC; API key key_1 until 2030-01-01 09:30 UTC) are refused when the model is x.',
    only({ rule: { type: 'model_access', params: { deny: ['x'] } } }, { ...all, except_ids: ['ann'] }),
    {
      exemptions: [
        { id: 'exm_1', kind: 'agent', target_id: 'bot', expires_at: until },
        { id: 'exm_2', kind: 'api_key', target_id: 'key_1', expires_at: until },
      ],
    },
  ],
];

test.each(exceptions)('%s', (sentence, document, in_force) => {
  const { id, ...control } = (document as { controls: { id?: string }[] }).controls[0] ?? {};
  const parsed = policy_document.parse({ ...document, controls: [control] });
  const controls = parsed.controls.map((of) => ({ ...of, ...(id !== undefined && { id }) }));
  expect(sentenceOf({ ...parsed, controls }, in_force)).toBe(sentence);
});

test('every action has its words, obeyed and in shadow', () => {
  const told = action.options.flatMap((of) =>
    ['enforce', 'shadow'].map((mode) =>
      sentenceOf(policy_document.parse({ ...only({ limit: cost, action: of }), mode })),
    ),
  );
  expect(new Set(told).size).toBe(action.options.length * 2);
  expect(told.filter((of) => of.includes('undefined'))).toEqual([]);
});

test.each([...limit_types.values()])('a limit on $type has a sentence for every window and way of counting', (type) => {
  const told = new Set<string>();
  const { limit } = type.examples.at;
  for (const count_per of count_pers.options) {
    for (const window of windows) {
      const asked = { ...limit, count_per, ...(limit.window && { window }) };
      const { data } = policy_document.safeParse(only({ limit: asked }));
      if (data) told.add(sentenceOf(data));
    }
  }
  for (const sentence of told) {
    expect(sentence).toMatch(/^Calls of all runs are refused .+\.$/);
    expect(sentence).not.toMatch(/undefined|\[object|NaN/);
  }
  expect([...told].sort()).toMatchSnapshot();
});

test('every case is a case of its own, and the ids of controls, name and description make no difference', () => {
  expect(sentences.length).toBeGreaterThanOrEqual(20);
  const [, document] = sentences[0] ?? ['', {}];
  const parsed = policy_document.parse(document);
  const other = {
    ...parsed,
    name: 'other',
    description: 'y',
    controls: parsed.controls.map((of) => ({ ...of, id: 'ctl_0' })),
  };
  expect(sentenceOf(other)).toBe(sentenceOf(parsed));
});
