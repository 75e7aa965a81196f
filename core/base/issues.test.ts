import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { policy_document } from '../policies/policy.ts';
import { explainIssues, issuesOf } from './issues.ts';

const day = { per: 'day' };
const cost = { type: 'cost_usd', max: '5.00', window: day };
const good = { name: 'Cap', target: { kind: 'all_runs' }, controls: [{ limit: cost, action: 'block' }] };

const withTarget = (target: unknown) => ({ ...good, target });
const withControl = (control: unknown) => ({ ...good, controls: [control] });
const withLimit = (limit: unknown) => withControl({ limit, action: 'block' });
const withWindow = (window: unknown) => withLimit({ ...cost, window });
const withRule = (rule: unknown) => withControl({ rule, action: 'block' });
const withAlerts = (alerts: unknown) => withControl({ limit: cost, alerts, action: 'block' });
const without = (key: string) => Object.fromEntries(Object.entries(good).filter(([name]) => name !== key));

/** What is wrong · the document · the path that is named · what is said there. */
const wrong: [string, unknown, string, string | RegExp][] = [
  ['no object', 'cap', '', 'must be an object, but is a string'],
  ['a list', [good], '', 'must be an object, but is a list'],
  ['null', null, '', 'must be an object, but is null'],
  ['nothing in it', {}, 'name', 'is missing: it must be a string'],
  ['no name', without('name'), 'name', 'is missing'],
  ['an empty name', { ...good, name: '   ' }, 'name', 'must have at least 1 character'],
  ['a long name', { ...good, name: 'x'.repeat(201) }, 'name', 'must have at most 200 characters'],
  ['a number as name', { ...good, name: 7 }, 'name', 'must be a string, but is a number'],
  ['no target', without('target'), 'target', 'is missing: it must be an object'],
  ['no controls', without('controls'), 'controls', 'is missing: it must be a list'],
  ['an empty list of controls', { ...good, controls: [] }, 'controls', 'must have at least 1 item'],
  ['controls as object', { ...good, controls: {} }, 'controls', 'must be a list, but is an object'],
  ['a control that is null', { ...good, controls: [null] }, 'controls[0]', 'must be an object, but is null'],
  [
    'too many controls',
    { ...good, controls: Array(51).fill(good.controls[0]) },
    'controls',
    'must have at most 50 items',
  ],
  ['a misspelled member', { ...good, tragte: {} }, 'tragte', 'is not known here (did you mean "target"?)'],
  [
    'a member in camel case',
    { ...good, expiresAt: '2030-01-01T00:00:00.000Z' },
    'expiresAt',
    'did you mean "expires_at"',
  ],
  ['a member nobody knows', { ...good, colour: 'red' }, 'colour', 'is not known here: known are "name", '],
  ['a member of the target beside it', { ...good, ids: ['x'] }, 'ids', 'it belongs in "target"'],
  ['an unusual name of a member', { ...good, 'a b': 1 }, '["a b"]', 'is not known here'],
  [
    'an unknown mode',
    { ...good, mode: 'enforced' },
    'mode',
    'must be one of "enforce", "shadow" (did you mean "enforce"?)',
  ],
  ['the status as mode', { ...good, mode: 'active' }, 'mode', 'is "active", but must be one of "enforce", "shadow"'],
  ['a date without time', { ...good, expires_at: '2030-01-01' }, 'expires_at', 'must be an instant in UTC'],
  ['an instant with an offset', { ...good, expires_at: '2030-01-01T00:00:00.000+02:00' }, 'expires_at', 'for example'],
  ['tags as text', { ...good, tags: 'a,b' }, 'tags', 'must be a list, but is a string'],
  ['an empty tag', { ...good, tags: ['a', ''] }, 'tags[1]', 'must have at least 1 character'],
  ['no kind', withTarget({ ids: ['x'] }), 'target.kind', 'is missing: it must be one of "actor", "api_key"'],
  ['a kind in the plural', withTarget({ kind: 'agents', ids: ['x'] }), 'target.kind', 'did you mean "agent"'],
  ['a kind in camel case', withTarget({ kind: 'apiKey', ids: ['x'] }), 'target.kind', 'did you mean "api_key"'],
  ['tenant, as this kind was called elsewhere', withTarget({ kind: 'tenant' }), 'target.kind', 'but must be one of'],
  ['an agent without name', withTarget({ kind: 'agent' }), 'target.ids', 'must name at least one agent'],
  [
    'all runs, and yet ids',
    withTarget({ kind: 'all_runs', ids: ['x'] }),
    'target.ids',
    'must be empty for kind all_runs',
  ],
  ['an id as text', withTarget({ kind: 'agent', ids: 'x' }), 'target.ids', 'must be a list, but is a string'],
  ['an empty id', withTarget({ kind: 'agent', ids: [''] }), 'target.ids[0]', 'must have at least 1 character'],
  ['id instead of ids', withTarget({ kind: 'agent', id: 'x' }), 'target.id', 'did you mean "ids"'],
  ['models beside when', withTarget({ kind: 'all_runs', model: ['x'] }), 'target.model', 'it belongs in "when"'],
  ['an empty condition', withTarget({ kind: 'all_runs', when: { model: [] } }), 'target.when.model', 'at least 1 item'],
  [
    'an unknown condition',
    withTarget({ kind: 'all_runs', when: { models: ['x'] } }),
    'target.when.models',
    'did you mean "model"',
  ],
  ['neither limit nor rule', withControl({ action: 'block' }), 'controls[0]', 'needs exactly one of "limit"'],
  [
    'limit and rule',
    withControl({ limit: cost, rule: { type: 'model_access', params: { deny: ['x'] } }, action: 'block' }),
    'controls[0]',
    'needs exactly one of',
  ],
  ['no action', withControl({ limit: cost }), 'controls[0].action', /is missing: it must be one of .*"block"/],
  ['an unknown action', withControl({ limit: cost, action: 'blok' }), 'controls[0].action', 'did you mean "block"'],
  ['an action in capitals', withControl({ limit: cost, action: 'WARN' }), 'controls[0].action', 'did you mean "warn"'],
  [
    'deny as action',
    withControl({ limit: cost, action: 'deny' }),
    'controls[0].action',
    'is "deny", but must be one of',
  ],
  [
    'max beside limit',
    withControl({ limit: cost, action: 'block', max: 5 }),
    'controls[0].max',
    'it belongs in "limit"',
  ],
  [
    'a foreign id',
    withControl({ id: 'ctl_1', limit: cost, action: 'block' }),
    'controls[0].id',
    'must be a control id (ctl_…)',
  ],
  [
    'a yes as boolean',
    withControl({ limit: cost, action: 'warn', incident: 'yes' }),
    'controls[0].incident',
    'must be true or false',
  ],
  [
    'an empty message',
    withControl({ limit: cost, action: 'block', message: '' }),
    'controls[0].message',
    'at least 1 character',
  ],
  [
    'what to do on failure',
    withControl({ limit: cost, action: 'block', on_failure: 'allow' }),
    'controls[0].on_failure',
    'must be one of "block", "continue"',
  ],
  [
    'no type of limit',
    withLimit({ max: 5, window: day }),
    'controls[0].limit.type',
    'is missing: it must be one of "tokens_input"',
  ],
  ['cost without its unit', withLimit({ ...cost, type: 'cost' }), 'controls[0].limit.type', 'did you mean "cost_usd"'],
  [
    'a type nobody knows',
    withLimit({ ...cost, type: 'bananas' }),
    'controls[0].limit.type',
    'is "bananas", but must be one of',
  ],
  ['a limit that is a number', withLimit(50), 'controls[0].limit', 'must be an object, but is a number'],
  [
    'no max',
    withLimit({ type: 'cost_usd', window: day }),
    'controls[0].limit.max',
    'is missing: it must be a string or a number',
  ],
  ['a negative amount', withLimit({ ...cost, max: -1 }), 'controls[0].limit.max', 'zero or more'],
  [
    'an amount with its currency',
    withLimit({ ...cost, max: '$5' }),
    'controls[0].limit.max',
    'must be an amount in USD',
  ],
  [
    'an amount finer than is counted',
    withLimit({ ...cost, max: '0.0000000001' }),
    'controls[0].limit.max',
    'at most 9 decimal places',
  ],
  [
    'an amount beyond the books',
    withLimit({ ...cost, max: '10000000000' }),
    'controls[0].limit.max',
    'must be at most 1000000000',
  ],
  [
    'half a token',
    withLimit({ type: 'tokens_total', max: 1.5, window: day }),
    'controls[0].limit.max',
    'must be a whole number, but is a fraction',
  ],
  [
    'tokens as text',
    withLimit({ type: 'tokens_total', max: 'many', window: day }),
    'controls[0].limit.max',
    'must be a number, but is a string',
  ],
  [
    'fewer than no requests',
    withLimit({ type: 'requests', max: -1, window: day }),
    'controls[0].limit.max',
    'must be at least 0',
  ],
  [
    'an unknown way to count',
    withLimit({ ...cost, count_per: 'user' }),
    'controls[0].limit.count_per',
    'must be one of "together"',
  ],
  [
    'a window for calls in flight',
    withLimit({ type: 'concurrency', max: 4, window: day }),
    'controls[0].limit.window',
    'is not known here',
  ],
  [
    'an unknown price without assumption',
    withLimit({ ...cost, on_unknown_price: 'estimate' }),
    'controls[0].limit.declared_price',
    'is needed when on_unknown_price is "estimate"',
  ],
  [
    'half an assumed price',
    withLimit({ ...cost, declared_price: { input_usd: 1 } }),
    'controls[0].limit.declared_price.output_usd',
    'is missing',
  ],
  [
    'the window in the limit',
    withLimit({ type: 'cost_usd', max: 5, per: 'day' }),
    'controls[0].limit.per',
    'it belongs in "window"',
  ],
  [
    'no window',
    withLimit({ type: 'cost_usd', max: 5 }),
    'controls[0].limit.window',
    'is missing: it must be an object',
  ],
  ['a window as text', withWindow('day'), 'controls[0].limit.window', 'must be an object, but is a string'],
  ['an empty window', withWindow({}), 'controls[0].limit.window', 'needs "per" or "rolling_seconds"'],
  [
    'two windows in one',
    withWindow({ per: 'day', rolling_seconds: 60 }),
    'controls[0].limit.window',
    'has "per" and "rolling_seconds", which exclude each other',
  ],
  [
    'an unknown window',
    withWindow({ per: 'fortnight' }),
    'controls[0].limit.window.per',
    /must be one of "run", "session", .*"month"$/,
  ],
  ['a misspelled window', withWindow({ per: 'dya' }), 'controls[0].limit.window.per', 'did you mean "day"'],
  [
    'daily',
    withWindow({ per: 'daily', timezone: 'UTC' }),
    'controls[0].limit.window.per',
    'must be one of "run", "session", "minute", "hour", "day", "week", "month"',
  ],
  [
    'a zone that is none',
    withWindow({ per: 'day', timezone: 'Berlin' }),
    'controls[0].limit.window.timezone',
    'must be an IANA time zone',
  ],
  [
    'a misspelled zone',
    withWindow({ per: 'day', time_zone: 'UTC' }),
    'controls[0].limit.window.time_zone',
    'did you mean "timezone"',
  ],
  [
    'a zone for the last seconds',
    withWindow({ rolling_seconds: 60, timezone: 'UTC' }),
    'controls[0].limit.window.timezone',
    'does not go with the other members here',
  ],
  ['no second', withWindow({ rolling_seconds: 0 }), 'controls[0].limit.window.rolling_seconds', 'must be at least 1'],
  [
    'seconds as text',
    withWindow({ rolling_seconds: '60' }),
    'controls[0].limit.window.rolling_seconds',
    'must be a number, but is a string',
  ],
  [
    'a misspelled rolling window',
    withWindow({ rolling: 60 }),
    'controls[0].limit.window.rolling',
    'did you mean "rolling_seconds"',
  ],
  [
    'requests in a month',
    withLimit({ type: 'requests', max: 5, window: { per: 'month' } }),
    'controls[0].limit.window',
    'must be a minute, an hour, a day or rolling_seconds',
  ],
  ['a tier of 100', withAlerts({ tiers: [50, 100] }), 'controls[0].alerts.tiers[1]', 'must be at most 99'],
  ['a tier as part of one', withAlerts({ tiers: [0.5] }), 'controls[0].alerts.tiers[0]', 'must be a whole number'],
  ['channel as text', withAlerts({ channels: 'ops' }), 'controls[0].alerts.channels', 'must be a list'],
  ['a misspelled alert', withAlerts({ tier: [50] }), 'controls[0].alerts.tier', 'did you mean "tiers"'],
  ['no type of rule', withRule({ params: {} }), 'controls[0].rule.type', 'is missing: it must be "model_access"'],
  [
    'a misspelled rule',
    withRule({ type: 'model-acces', params: { deny: ['x'] } }),
    'controls[0].rule.type',
    'is "model-acces", but must be "model_access" (did you mean "model_access"?)',
  ],
  ['no parameters', withRule({ type: 'model_access' }), 'controls[0].rule.params', 'is missing'],
  [
    'a rule without list',
    withRule({ type: 'model_access', params: {} }),
    'controls[0].rule.params',
    'needs a list: allow',
  ],
  [
    'an empty list',
    withRule({ type: 'model_access', params: { allow: [] } }),
    'controls[0].rule.params.allow',
    'at least 1 item',
  ],
  [
    'a misspelled list',
    withRule({ type: 'model_access', params: { alow: ['x'], deny: ['y'] } }),
    'controls[0].rule.params.alow',
    'did you mean "allow"',
  ],
];

describe('what is wrong with a document is said with its path, its reason and the nearest choice', () => {
  test('the documents differ from one that is right', () => {
    expect(policy_document.safeParse(good).success).toBe(true);
    expect(wrong.length).toBeGreaterThanOrEqual(60);
    expect(new Set(wrong.map(([, document]) => JSON.stringify(document))).size).toBe(wrong.length);
  });

  test.each(wrong)('%s', (_, document, path, said) => {
    const { error } = policy_document.safeParse(document);
    expect(error).toBeDefined();
    if (!error) return;
    const found = issuesOf(error, document, policy_document).filter((issue) => issue.path === path);
    expect(found.map(({ message }) => message)).toEqual([
      typeof said === 'string' ? expect.stringContaining(said) : expect.stringMatching(said),
    ]);
    expect(explainIssues(error, document, policy_document)).toMatch(path === '' ? /^must / : path);
  });
});

describe('an explanation', () => {
  const refused = (schema: z.ZodType, value: unknown) => {
    const { error } = schema.safeParse(value);
    return error ? explainIssues(error, value, schema) : 'accepted';
  };

  test('tells several problems at once, and how many more there are', () => {
    const document = {
      name: 'x',
      target: { kind: 'agent', ids: Array(20).fill('') },
      controls: [{ limit: cost, action: 'blok' }],
    };
    const text = refused(policy_document, document);
    expect(text).toContain('target.ids[0] must have at least 1 character; target.ids[1] must');
    expect(text).toMatch(/; and 13 more\.$/);
  });

  test('repeats no value that is long or of the wrong kind, because it may be confidential', () => {
    const schema = z.strictObject({ secret: z.number(), kind: z.enum(['openai', 'mock']) });
    const text = refused(schema, { secret: 'sk-live-123', kind: `sk-live-${'9'.repeat(100)}` });
    expect(text).toBe(
      'secret must be a number, but is a string; kind is a string, but must be one of "openai", "mock".',
    );
  });

  test('knows members behind optional, default, lists, records and unions', () => {
    const inner = z.strictObject({ colour: z.string().optional() });
    const schema = z.strictObject({
      a: inner.optional(),
      b: z.array(inner).default([]),
      c: z.record(z.string(), inner).nullable(),
      d: z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('x'), height: z.int() }),
        z.strictObject({ type: z.literal('y'), width: z.int() }),
      ]),
    });
    const value = {
      a: { color: '' },
      b: [{}, { color: '' }],
      c: { key: { color: '' } },
      d: { type: 'y', width: 1, heigth: 1 },
    };
    expect(refused(schema, value)).toBe(
      'a.color is not known here (did you mean "colour"?); b[1].color is not known here (did you mean "colour"?); ' +
        'c.key.color is not known here (did you mean "colour"?); d.heigth is not known here: known are "type", "width".',
    );
  });

  test('names unknown members without the schema too', () => {
    const schema = z.strictObject({ colour: z.string() });
    const value = { colour: 'red', color: 'red' };
    const { error } = schema.safeParse(value);
    expect(error && explainIssues(error, value)).toBe('color is not known here: leave it out.');
  });

  test('speaks of numbers, texts and lists in their own words', () => {
    const schema = z.strictObject({
      a: z.number().gt(0),
      b: z.number().lt(1),
      c: z.number().multipleOf(5),
      d: z.array(z.string()).max(1),
      e: z.url(),
      f: z.boolean(),
    });
    expect(refused(schema, { a: 0, b: 1, c: 3, d: ['', ''], e: 'x', f: null })).toBe(
      'a must be more than 0; b must be less than 1; c must be a multiple of 5; d must have at most 1 item; ' +
        'e must be a URL, for example "https://example.com/path"; f must be true or false, but is null.',
    );
  });
});
