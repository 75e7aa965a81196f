import { type Finding, isCode, isGenerated, lineAt, type Rule, type Source } from './rule.ts';
import { scanOf } from './scan.ts';

const wordsOf = (name: string): string[] =>
  name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase());

const empty_words = /^(?:utils?|common|helpers?|shared|managers?|services?|facades?)$/;
const empty_endings = /(?:Utils?|Helpers?|Manager|Service|Facade)$/;
const declared = /\b(?:class|interface|type|function|const|let)\s+([A-Za-z_$][\w$]*)/g;

function emptyNames(file: Source): Finding[] {
  const { path } = file;
  const in_path = wordsOf(path).find((word) => empty_words.test(word));
  const found = in_path ? [{ path, line: 1, what: `has "${in_path}" in its path` }] : [];
  if (!isCode(path)) return found;
  const { code } = scanOf(file);
  const names = [...code.matchAll(declared)].filter(([, name = '']) => empty_endings.test(name));
  return [
    ...found,
    ...names.map(({ index, 1: name }) => ({ path, line: lineAt(code, index), what: `declares ${name}` })),
  ];
}

export const names_that_say: Rule = {
  name: 'no names that say nothing',
  remedy: 'Name it by the noun of the domain it is about; if there is none, it is in the wrong file.',
  find: (files) => files.flatMap(emptyNames),
  breaks: [
    ...['core/utils/a.ts', 'core/base/time-helpers.ts', 'server/store/RunService.ts', 'console/shared/a.css'].map(
      (path) => ({ files: { [path]: '' }, at: `${path}:1` }),
    ),
    { files: { 'core/base/a.ts': '\nexport class RunManager {}' }, at: 'core/base/a.ts:2' },
    { files: { 'core/base/a.ts': 'const dateUtils = 1;' }, at: 'core/base/a.ts:1' },
  ],
  keeps: [{ 'server/store/lock.ts': "function takeSharedLock() {} const role = 'service'; // a helper" }],
};

const deepest = 4;

export const flat_folders: Rule = {
  name: `no src folder, no folder deeper than ${deepest}`,
  remedy: 'A package is its own root; a room that needs so many folders is several rooms.',
  find: (files) =>
    files.flatMap(({ path }) => {
      const folders = path.split('/').slice(0, -1);
      if (folders.includes('src')) return [{ path, line: 1, what: 'lies in a src folder' }];
      const deep = folders.length > deepest && !folders.includes('fixtures');
      return deep ? [{ path, line: 1, what: `lies ${folders.length} folders deep` }] : [];
    }),
  breaks: [
    { files: { 'core/src/a.ts': '' }, at: 'core/src/a.ts:1' },
    { files: { 'core/a/b/c/d/e.ts': '' }, at: 'core/a/b/c/d/e.ts:1' },
  ],
  keeps: [{ 'core/a/b/c/d.ts': '', 'core/a/b/fixtures/c/d/e.json': '' }],
};

/**
 * Codes of the API and the categories, which people read, and a field of the Anthropic wire
 * (`thinking.budget_tokens`), which is not ours to name.
 */
const given_words = new Set(['budget_exceeded', 'quota_exceeded', 'BUDGET_EXCEEDED', 'budget_tokens']);

function words(file: Source): Finding[] {
  const is_sql = file.path.endsWith('.sql');
  if (!is_sql && !isCode(file.path)) return [];
  const code = is_sql ? file.text.replace(/--.*|'[^']*'/g, (piece) => ' '.repeat(piece.length)) : scanOf(file).code;
  const named = [...code.matchAll(/[A-Za-z_$][\w$]*/g)].filter(
    ([name]) => !given_words.has(name) && wordsOf(name).some((word) => /^(?:threshold|quota|budget)s?$/.test(word)),
  );
  return named.map(({ 0: name, index }) => ({ path: file.path, line: lineAt(code, index), what: `says "${name}"` }));
}

export const one_word_for_control: Rule = {
  name: 'limit and control are the only words for it',
  remedy: 'Call the bounded quantity a limit, what acts on it a control, and what is left of it room.',
  find: (files) => files.filter(({ path }) => !isGenerated(path)).flatMap(words),
  breaks: [
    { files: { 'core/policies/a.ts': '\nconst dailyBudget = 1;' }, at: 'core/policies/a.ts:2' },
    { files: { 'core/policies/a.ts': 'type A = { score_threshold: number };' }, at: 'core/policies/a.ts:1' },
    { files: { 'core/policies/a.test.ts': 'f(quotas);' }, at: 'core/policies/a.test.ts:1' },
    {
      files: { 'server/store/migrations/0001_a.sql': 'create table\n  budgets (id text);' },
      at: 'server/store/migrations/0001_a.sql:2',
    },
  ],
  keeps: [
    {
      'core/base/error.ts': "const c = { budget_exceeded: 1, quota_exceeded: 2 }; const s = 'your budget'; // a quota",
      'server/store/migrations/0001_a.sql': "-- the budget\ncheck (code in ('budget_exceeded'))",
    },
  ],
};
