import type { z } from 'zod';
import { didYouMean, nearest } from './nearest.ts';
import { homesOf, membersAt } from './schema-members.ts';
import { meantForm } from './union-issues.ts';

type Issue = z.core.$ZodIssue;

/** One thing wrong with what a caller sent: where, and what to do about it. */
export interface Explained {
  /** For example `controls[0].limit.window`; empty for the whole. */
  path: string;
  message: string;
}

const most_told = 8;

/**
 * What is wrong with an input, for the person who wrote it: each problem with its JSON path, its reason and the nearest
 * valid choice. `schema` is what refused the input; without it unknown members are named without a suggestion.
 */
export function explainIssues(error: z.ZodError, input: unknown, schema?: z.ZodType): string {
  const all = issuesOf(error, input, schema);
  const told = all.slice(0, most_told).map(({ path, message }) => (path === '' ? message : `${path} ${message}`));
  const rest = all.length - told.length;
  return `${told.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.`;
}

export function issuesOf(error: z.ZodError, input: unknown, schema?: z.ZodType): Explained[] {
  const of = { input, schema };
  return error.issues.flatMap((issue) => explain(issue, [], of));
}

interface Origin {
  input: unknown;
  schema: z.ZodType | undefined;
}

function explain(issue: Issue, above: readonly PropertyKey[], origin: Origin): Explained[] {
  const path = [...above, ...issue.path];
  const value = valueAt(origin.input, path);
  const one = (message: string): Explained[] => [{ path: pathText(path), message }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: pathText([...path, key]), message: unknownKey(key, path, origin) }));
    case 'invalid_union': {
      if ('options' in issue && issue.options) return misnamed(path, origin) ?? one(notOneOf(value, issue.options));
      const meant = meantForm(issue.errors, value);
      if ('message' in meant) return one(meant.message);
      if ('types' in meant) return one(wrongType(value, meant.types));
      return meant.issues.flatMap((of) => explain(of, path, origin));
    }
    case 'invalid_value':
      return one(notOneOf(value, issue.values));
    case 'invalid_type':
      return one(wrongType(value, [issue.expected]));
    case 'too_small':
    case 'too_big':
      return one(wrongSize(issue));
    case 'invalid_format':
      return one(wrongFormat(issue));
    case 'not_multiple_of':
      return one(`must be a multiple of ${issue.divisor}`);
    default:
      return one(lowerFirst(issue.message));
  }
}

/** The member that says which form is meant is missing, and beside it stands one whose name is nearly the same. */
function misnamed(path: readonly PropertyKey[], { input }: Origin): Explained[] | null {
  const name = String(path.at(-1));
  const holder = valueAt(input, path.slice(0, -1));
  if (valueAt(input, path) !== undefined || typeof holder !== 'object' || holder === null) return null;
  const written = nearest(name, Object.keys(holder));
  if (written === null) return null;
  const place = pathText([...path.slice(0, -1), written]);
  return [{ path: place, message: `is not known here (did you mean ${quoted(name)}?)` }];
}

function unknownKey(key: string, path: readonly PropertyKey[], { input, schema }: Origin): string {
  const members = schema ? membersAt(schema, path, input) : new Map<string, z.core.$ZodType>();
  if (members.has(key)) return 'does not go with the other members here: leave it out';
  const known = [...members.keys()];
  if (known.length === 0) return 'is not known here: leave it out';
  const near = didYouMean(key, known);
  if (near !== '') return `is not known here${near}`;
  const homes = homesOf(key, members);
  if (homes.length > 0) return `is not known here: it belongs in ${homes.map(quoted).join(' or ')}`;
  return `is not known here: known are ${listed(known)}`;
}

function notOneOf(value: unknown, choices: readonly unknown[]): string {
  const words = choices.map((choice) => (typeof choice === 'string' ? choice : JSON.stringify(choice)));
  if (value === undefined) return `is missing: it must be ${alternatives(words)}`;
  const near = typeof value === 'string' ? didYouMean(value, words) : '';
  return `is ${shown(value)}, but must be ${alternatives(words)}${near}`;
}

const type_names: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

function wrongType(value: unknown, expected: readonly string[]): string {
  const wanted = expected.map((name) => type_names[name] ?? name).join(' or ');
  return value === undefined ? `is missing: it must be ${wanted}` : `must be ${wanted}, but is ${kindOf(value)}`;
}

const counted: Record<string, string> = { string: 'character', array: 'item', set: 'item' };

function wrongSize(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const is_small = issue.code === 'too_small';
  const bound = is_small ? issue.minimum : issue.maximum;
  const unit = counted[issue.origin];
  const edge = issue.inclusive === false ? (is_small ? 'more than' : 'less than') : is_small ? 'at least' : 'at most';
  return unit === undefined
    ? `must be ${edge} ${bound}`
    : `must have ${edge} ${bound} ${unit}${bound === 1 ? '' : 's'}`;
}

const formats: Record<string, string> = {
  datetime: 'must be an instant in UTC with milliseconds, for example "2026-01-31T12:00:00.000Z"',
  url: 'must be a URL, for example "https://example.com/path"',
  email: 'must be an e-mail address',
};

const wrongFormat = (issue: Extract<Issue, { code: 'invalid_format' }>): string =>
  formats[issue.format] ?? lowerFirst(issue.message);

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** `['controls', 0, 'a b']` → `controls[0]["a b"]`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, at) => {
      if (typeof key === 'number') return `[${key}]`;
      const name = String(key).slice(0, 100);
      if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `[${JSON.stringify(name)}]`;
      return at === 0 ? name : `.${name}`;
    })
    .join('');
}

const quoted = (word: string): string => `"${word}"`;
const listed = (words: readonly string[]): string => words.slice(0, 20).map(quoted).join(', ');

function alternatives(words: readonly string[]): string {
  if (words.length <= 1) return listed(words);
  return `one of ${listed(words)}${words.length > 20 ? ` and ${words.length - 20} more` : ''}`;
}

/** Errors say of what kind a value is, not what it is: it may be long or confidential. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value)) return 'a fraction';
  return type_names[typeof value] ?? typeof value;
}

/** Where there are few choices, a short word is shown as it came. */
const shown = (value: unknown): string =>
  typeof value === 'string' && value.length <= 60 ? quoted(value) : kindOf(value);

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
