import { expect, test } from 'vitest';
import { policy_document } from './policy.ts';
import { sentenceOf } from './sentence.ts';

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
];

test.each(sentences)('%s', (sentence, document) => {
  expect(sentenceOf(policy_document.parse(document))).toBe(sentence);
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
