import { importsOf } from './imports.ts';
import { findInCode, type Pattern } from './patterns.ts';
import { type Finding, isShipped, isTest, lineAt, type Rule, type Source } from './rule.ts';
import { scanOf } from './scan.ts';

/**
 * How a statement begins, written whole in lower or whole in upper case. More than the first word is asked for, so
 * that a message such as "update the policy first" is no statement.
 */
const statement = new RegExp(
  [
    'select\\b[\\s\\S]*\\bfrom\\b|select\\s+(?:\\d|\\$|pg_|now\\(|set_config)',
    'insert\\s+into\\b|delete\\s+from\\b|merge\\s+into\\b|update\\s+(?:only\\s+)?\\S+\\s+(?:(?:as\\s+)?\\w+\\s+)?set\\b',
    'with\\s+(?:recursive\\s+)?\\w+\\s*(?:\\([^)]*\\)\\s*)?as\\s+(?:not\\s+|materialized\\s*)*\\(',
    '(?:create|alter|drop)\\s+(?:or\\s+replace\\s+|unique\\s+|temp\\s+)*(?:table|index|function|trigger|role|schema|policy|extension|database|view|type|sequence|materialized|event)\\b',
    'truncate\\s+\\w+\\s*$|begin\\s*;?\\s*$|commit\\s*;?\\s*$|rollback\\s*;?\\s*$|set\\s+(?:local|session|transaction)\\s|(?:un)?listen\\s+\\w+\\s*$',
    'notify\\s+\\w+\\s*(?:,|$)|lock\\s+table\\b|copy\\s+\\S+\\s+(?:from|to)\\b|grant\\s+\\w+\\s+on\\b|revoke\\s+\\w+\\s+on\\b',
  ].join('|'),
);

function isStatement(text: string): boolean {
  const words = text.trimStart();
  const same_case = /^[a-z]+\b/.test(words) ? words : /^[A-Z]+\b/.test(words) ? words.toLowerCase() : '';
  return same_case.search(statement) === 0;
}

const builders: readonly Pattern[] = [
  [/\.\s*query\s*(?:<[^>(]*>)?\s*\(/g, 'sends a statement'],
  [/\.\s*(?:selectFrom|insertInto|updateTable|deleteFrom|mergeInto)\s*(?:<[^>(]*>)?\s*\(/g, 'builds a statement'],
  [/(?<![.\w$])sql\s*(?:<[^>(]*>)?\s*`/g, 'writes a statement'],
];

const inStore = (path: string): boolean => path.startsWith('server/store/');

function statements(file: Source): Finding[] {
  return scanOf(file)
    .strings.filter(({ text }) => isStatement(text))
    .map(({ text, start }) => ({
      path: file.path,
      line: lineAt(file.text, start),
      what: `holds the statement "${text.trim().slice(0, 30)}…"`,
    }));
}

function drivers(file: Source): Finding[] {
  return importsOf(file)
    .filter(({ dependency }) => dependency === 'pg' || dependency === 'kysely')
    .map(({ line, specifier }) => ({ path: file.path, line, what: `imports ${specifier}` }));
}

export const sql_in_store: Rule = {
  name: 'SQL only in server/store',
  remedy: 'Give the statement a name and a home: one function in server/store, in the file of its noun.',
  find: (files) => {
    const others = files.filter(({ path }) => isShipped(path) && !inStore(path));
    return [...others.flatMap(statements), ...findInCode(others, builders), ...others.flatMap(drivers)];
  },
  breaks: [
    ...[
      "'select id from runs'",
      '"SELECT 1"',
      `\`insert into runs values (\${a})\``,
      "'update runs set a = 1'",
      "'delete from runs'",
      "'with open as (select 1)'",
      "'create unique index a on b (c)'",
      "'alter table runs add a int'",
      "'begin'",
      "'listen policies'",
      'db.query(text)',
      'pool.query<Row>(text)',
      "db.selectFrom('runs')",
      'sql`now()`',
    ].map((code) => ({ files: { 'server/http/a.ts': `\nconst a = ${code};` }, at: 'server/http/a.ts:2' })),
    { files: { 'server/govern/a.ts': "import type { Pool } from 'pg';" }, at: 'server/govern/a.ts:1' },
  ],
  keeps: [
    {
      'server/store/runs.ts': "import pg from 'pg'; db.query('select id from runs');",
      'server/http/a.ts':
        "request.query.limit; 'Update the policy first'; 'update the policy first'; 'with a reason'; 'Select a model from the list'; 'create an agent'; // select 1",
      'server/http/a.test.ts': "db.query('select id from runs');",
    },
  ],
};

const writes =
  /\b(?:insert\s+into|delete\s+from|merge\s+into|truncate(?:\s+table)?|update)\s+(?:only\s+)?([a-z_][\w.]*)(?:\s+(?:as\s+)?(?!set\b)\w+)?(\s+set\b)?/gi;
const built_writes = /\.\s*(?:insertInto|updateTable|deleteFrom|mergeInto)\s*\(\s*['"`]/g;

/** The tables a file writes, each with the line of its first write. */
function writtenTables(file: Source): Map<string, number> {
  const tables = new Map<string, number>();
  const add = (name: string, offset: number): void => {
    const table = name.toLowerCase().replace(/^public\./, '');
    if (!tables.has(table)) tables.set(table, lineAt(file.text, offset));
  };
  const { code, strings } = scanOf(file);
  for (const { text, start } of strings)
    for (const match of text.matchAll(writes)) {
      const updates = /^update/i.test(match[0]);
      if (match[1] && updates === (match[2] !== undefined)) add(match[1], start + 1 + match.index);
    }
  for (const match of code.matchAll(built_writes)) {
    const open = match.index + match[0].length;
    add(/^[\w.]*/.exec(file.text.slice(open))?.[0] ?? '', open);
  }
  return tables;
}

export const one_writer_per_table: Rule = {
  name: 'each table is written by one file',
  remedy: 'Move the write into the file that owns the table, as a function others call.',
  find: (files) => {
    const owners = new Map<string, string>();
    const store = files.filter(({ path }) => inStore(path) && /\.ts$/.test(path) && !isTest(path));
    return store.flatMap((file) =>
      [...writtenTables(file)].flatMap(([table, line]) => {
        const owner = owners.get(table) ?? file.path;
        owners.set(table, owner);
        return owner === file.path ? [] : [{ path: file.path, line, what: `writes ${table}, which ${owner} writes` }];
      }),
    );
  },
  breaks: [
    {
      files: { 'server/store/a.ts': "'insert into runs (id)'", 'server/store/b.ts': "\n'update runs r set a = 1'" },
      at: 'server/store/b.ts:2',
    },
    {
      files: {
        'server/store/a.ts': "db.insertInto('runs')",
        'server/store/b.ts': `\`with gone as (\n  delete from runs where id = \${id}\n) select 1\``,
      },
      at: 'server/store/b.ts:2',
    },
  ],
  keeps: [
    {
      'server/store/a.ts': "'insert into runs (id) values ($1) on conflict do update set a = 1'; 'delete from runs'",
      'server/store/b.ts': "'select id from runs for update skip locked'; 'insert into steps (id)'",
      'server/store/b.test.ts': "'delete from runs'",
    },
  ],
};

export const migrations_in_order: Rule = {
  name: 'every migration has a number of its own',
  remedy: 'Name it NNNN_what_it_does.sql with a free number; a migration that was released is never changed.',
  find: (files) =>
    files
      .map(({ path }) => path)
      .filter((path) => path.startsWith('server/store/migrations/'))
      .sort()
      .flatMap((path, index, all) => {
        const number = numberOf(path);
        if (number === null) return [{ path, line: 1, what: 'has no number and name' }];
        return index > 0 && numberOf(all[index - 1] ?? '') === number
          ? [{ path, line: 1, what: `has the number ${number} of another one` }]
          : [];
      }),
  breaks: [
    {
      files: { 'server/store/migrations/0001_a.sql': '', 'server/store/migrations/0001_b.sql': '' },
      at: 'server/store/migrations/0001_b.sql:1',
    },
    { files: { 'server/store/migrations/1_a.sql': '' }, at: 'server/store/migrations/1_a.sql:1' },
  ],
  keeps: [{ 'server/store/migrations/0003_b.sql': '', 'server/store/migrations/0001_a.sql': '' }],
};

const numberOf = (path: string): string | null => /\/(\d{4})_[a-z0-9_]+\.sql$/.exec(path)?.[1] ?? null;
