import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { issuesOf } from '../base/issues.ts';
import { findingsOf } from './check.ts';
import { policyJsonSchema } from './file.ts';
import { policy_document } from './policy.ts';

type Json = Record<string, unknown>;

/** Documents that between them have every member and every list of choices. */
const good: Json[] = [
  {
    name: 'Cap',
    description: 'why',
    owner: 'ops',
    tags: ['prod'],
    target: {
      kind: 'agent',
      ids: ['bot'],
      except_ids: ['ann'],
      when: { model: ['gpt-4o'], provider: ['openai'], tool: ['t'], tag: ['a=b'] },
    },
    mode: 'shadow',
    controls: [
      {
        limit: {
          type: 'cost_usd',
          max: '5.00',
          window: { per: 'day', timezone: 'Europe/Paris' },
          count_per: 'together',
          on_unknown_price: 'estimate',
          declared_price: { input_usd: '1', output_usd: '2' },
        },
        alerts: {
          enabled: true,
          tiers: [50],
          channels: ['ops'],
          repeat_minutes: 30,
          quiet_hours: { from: '22:00', to: '07:00', timezone: 'Europe/Paris' },
        },
        action: 'block',
        message: 'stop',
        incident: true,
      },
    ],
    error_detail: 'minimal',
    start_at: '2029-01-01T00:00:00.000Z',
    expires_at: '2030-01-01T00:00:00.000Z',
  },
  {
    name: 'Others',
    target: { kind: 'all_runs' },
    controls: [
      { limit: { type: 'requests', max: 60, window: { rolling_seconds: 60 }, count_per: 'api_key' }, action: 'warn' },
      { limit: { type: 'tokens_output', max: 9, window: { per: 'session' } }, action: 'continue' },
      { limit: { type: 'concurrency', max: 4, count_per: 'project' }, action: 'kill' },
      { rule: { type: 'model_access', params: { allow: ['gpt-4o'] } }, action: 'block', on_failure: 'continue' },
      {
        limit: { type: 'steps', max: 5, window: { per: 'run' } },
        action: 'pause',
        pause: { wait_seconds: 5, ask: ['approver'], timeout_seconds: 60, on_timeout: 'continue' },
      },
    ],
  },
];

interface Place {
  keys: (string | number)[];
  value: unknown;
}

function places(value: unknown, keys: Place['keys'] = []): Place[] {
  const inside = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const key = (name: string) => (Array.isArray(value) ? Number(name) : name);
  return [{ keys, value }, ...inside.flatMap(([name, member]) => places(member, [...keys, key(name)]))];
}

const pathOf = (keys: Place['keys']): string =>
  keys.map((key, n) => (typeof key === 'number' ? `[${key}]` : n === 0 ? key : `.${key}`)).join('');

/** The document with the value at a place replaced, or its name; undefined takes it away. */
function changed(document: Json, keys: Place['keys'], value: unknown, name = keys.at(-1)): Json {
  const copy = structuredClone(document);
  let holder = copy as Record<string | number, unknown>;
  for (const key of keys.slice(0, -1)) holder = holder[key] as typeof holder;
  const last = keys.at(-1) ?? '';
  if (name !== last || value === undefined) delete holder[last];
  if (value !== undefined) holder[name ?? ''] = value;
  return copy;
}

/** A word as a hurried person writes it: two letters swapped, one lost, one doubled. */
function misspelled(word: string, how: number): string {
  const at = 1 + (how % Math.max(1, word.length - 2));
  const [before, a = '', b = '', rest] = [word.slice(0, at), word[at], word[at + 1], word.slice(at + 2)];
  if (how % 3 === 0 && a !== b) return `${before}${b}${a}${rest}`;
  return how % 3 === 1 ? `${before}${a}${a}${b}${rest}` : `${before}${b}${rest}`;
}

interface Case {
  what: string;
  document: unknown;
  path: string;
  /** What the message has to say beside the place. */
  says: RegExp;
}

const chosen = new Set([
  'kind',
  'mode',
  'error_detail',
  'type',
  'per',
  'action',
  'count_per',
  'on_unknown_price',
  'on_failure',
  'on_timeout',
  'timezone',
]);
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** One wrong thing at each place of a document, of every kind that fits there. */
function casesOf(document: Json): Case[] {
  return places(document).flatMap(({ keys, value }, n): Case[] => {
    const name = keys.at(-1);
    if (name === undefined) return [];
    const path = pathOf(keys);
    const cases: Case[] = [];
    const other = typeof value === 'string' ? { nested: 1 } : 'text';
    cases.push({
      what: 'another type',
      document: changed(document, keys, other),
      path,
      says: /must|is not known|no others/,
    });
    if (typeof name === 'string') {
      const wrong = misspelled(name, n);
      const told = { document: changed(document, keys, value, wrong), path: pathOf([...keys.slice(0, -1), wrong]) };
      if (wrong !== name)
        cases.push({ what: 'a misspelled member', ...told, says: new RegExp(`did you mean "${name}"`) });
      if (chosen.has(name) && typeof value === 'string') {
        const near = misspelled(value, n);
        const says = new RegExp(`did you mean "${escaped(value)}"`);
        if (near !== value)
          cases.push({ what: 'a misspelled choice', document: changed(document, keys, near), path, says });
        cases.push({ what: 'no choice at all', document: changed(document, keys, 'zzz'), path, says: /must be/ });
      }
    }
    if (typeof value === 'number')
      for (const bad of [-1, value + 0.5, 1e300])
        cases.push({ what: `the number ${bad}`, document: changed(document, keys, bad), path, says: /must be/ });
    if (Array.isArray(value))
      cases.push({
        what: 'null in a list',
        document: changed(document, [...keys, 0], null),
        path: `${path}[0]`,
        says: /must be/,
      });
    if (keys.length > 1 && ['kind', 'type', 'max', 'action', 'window'].includes(String(name)))
      cases.push({
        what: 'nothing',
        document: changed(document, keys, undefined),
        path,
        says: /is missing: it must be/,
      });
    return cases;
  });
}

/** Documents whose parts contradict each other. */
const [first = {}, second = {}] = good;
const control = (of: object) => ({ ...second, controls: [{ action: 'block', ...of }] });
const limit = { type: 'requests', max: 1, window: { per: 'day' } };
const contradictory: Case[] = [
  {
    what: 'limit and rule',
    document: control({ limit, rule: { type: 'model_access', params: { deny: ['x'] } } }),
    path: 'controls[0]',
    says: /exactly one of "limit".* and "rule"/,
  },
  { what: 'neither', document: control({}), path: 'controls[0]', says: /exactly one/ },
  {
    what: 'ids of all runs',
    document: { ...second, target: { kind: 'all_runs', ids: ['x'] } },
    path: 'target.ids',
    says: /must be empty .* name a narrower kind/,
  },
  {
    what: 'no ids',
    document: { ...first, target: { kind: 'agent', ids: [] } },
    path: 'target.ids',
    says: /must name at least one agent/,
  },
  {
    what: 'an assumed price without one',
    document: control({ limit: { type: 'cost_usd', max: 1, window: { per: 'day' }, on_unknown_price: 'estimate' } }),
    path: 'controls[0].limit.declared_price',
    says: /is needed when/,
  },
  {
    what: 'requests per run',
    document: control({ limit: { ...limit, window: { per: 'run' } } }),
    path: 'controls[0].limit.window',
    says: /must be a minute, an hour/,
  },
  {
    what: 'two windows at once',
    document: control({ limit: { ...limit, window: { per: 'day', rolling_seconds: 5 } } }),
    path: 'controls[0].limit.window',
    says: /has "per" and/,
  },
  {
    what: 'a rule with no list',
    document: control({ rule: { type: 'model_access', params: {} } }),
    path: 'controls[0].rule.params',
    says: /./,
  },
];

const cases = [...good.flatMap(casesOf), ...contradictory];

test('there are 200 of them and more, and the documents they are made from are good', () => {
  for (const document of good) expect(policy_document.safeParse(document).success).toBe(true);
  expect(cases.length).toBeGreaterThanOrEqual(200);
});

test.each(cases.map((of, n) => [`${n}: ${of.what} at ${of.path}`, of] as const))(
  '%s',
  (_, { document, path, says }) => {
    const { success, error } = policy_document.safeParse(document);
    expect(success).toBe(false);
    const issues = error ? issuesOf(error, document, policy_document) : [];
    const at = issues.filter((of) => of.path === path || of.path.startsWith(`${path}.`) || path.startsWith(of.path));
    expect(at, JSON.stringify(issues)).not.toEqual([]);
    expect(at.map((of) => `${of.path} ${of.message}`).join('\n')).toMatch(says);
  },
);

test('the published schema takes what the parser takes, and sees misspelled members, choices and types too', () => {
  const validate = new Ajv2020({ strict: false, logger: false }).compile(
    policyJsonSchema('https://aos.test/policy.json'),
  );
  for (const document of good) expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...first, status: 'disabled' })).toBe(true);
  const seen = [
    'another type',
    'a misspelled member',
    'no choice at all',
    'limit and rule',
    'neither',
    'null in a list',
  ];
  const asked = cases.filter(
    ({ what, path }) => seen.includes(what) && !/timezone|start_at|expires_at|max|_usd/.test(path),
  );
  expect(asked.length).toBeGreaterThan(80);
  for (const { what, path, document } of asked) expect([what, path, validate(document)]).toEqual([what, path, false]);
});

test('whatever is sent as a policy is answered with what is wrong, and never breaks the checks', () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.record({ name: fc.jsonValue(), target: fc.jsonValue(), controls: fc.jsonValue() }),
    fc
      .constantFrom(...good)
      .chain((document) =>
        fc
          .constantFrom(...places(document))
          .chain(({ keys }) =>
            fc.jsonValue().map((value) => (keys.length === 0 ? value : changed(document, keys, value))),
          ),
      ),
  );
  const none = new Set<string>();
  const facts = {
    at_ms: 0,
    unseen_ids: none,
    unseen_exceptions: none,
    not_human_ids: none,
    unpriced_models: none,
    nearest: new Map(),
    others: [],
    unknown_providers: none,
    channels: [],
  };
  fc.assert(
    fc.property(anything, (document) => {
      const { success, data, error } = policy_document.safeParse(document);
      if (success) findingsOf(data, facts);
      else expect(issuesOf(error, document, policy_document).every(({ message }) => message.length > 3)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
