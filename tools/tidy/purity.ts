import { importsOf, placeOf } from './imports.ts';
import { findInCode, type Pattern } from './patterns.ts';
import { type Finding, isShipped, type Rule, type Source } from './rule.ts';

const clock: readonly Pattern[] = [
  [/\bDate\s*\.\s*now\b/g, 'reads the clock'],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w.]))/g, 'reads the clock'],
  [/(?<!new\s+)(?<![.\w$])Date\s*\(/g, 'reads the clock'],
  [/(?<![.\w$])performance\s*\.\s*(?:now|timeOrigin)\b/g, 'reads the clock'],
  [/\bhrtime\b/g, 'reads the clock'],
  [/\bDateTime\s*\.\s*(?:now\s*\(|(?:local|utc)\s*\(\s*\))/g, 'reads the clock'],
];

const chance: readonly Pattern[] = [
  [/\bMath\s*\.\s*random\b/g, 'draws chance'],
  [/\brandomUUID\b/g, 'makes an id'],
];

const world: readonly Pattern[] = [
  [/(?<![.\w$])fetch\s*\(/g, 'reaches the network'],
  [/(?<![.\w$])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/g, 'starts a timer'],
  [/(?<![.\w$])(?:process|crypto|globalThis)\b(?!\s*[:(])/g, 'reaches the process around it'],
  [/(?<![.\w$])console\s*\./g, 'writes to the console'],
];

const inCore = (files: readonly Source[]): Source[] =>
  files.filter(({ path }) => isShipped(path) && placeOf(path).package === 'core');

export const core_is_pure: Rule = {
  name: 'core has no clock, no chance, no world',
  remedy: 'Take the instant, the id or the number as a value; what must act is a port that server fills.',
  find: (files) => findInCode(inCore(files), [...clock, ...chance, ...world]),
  breaks: [
    ...[
      'Date.now()',
      'new Date()',
      'new Date',
      'Date()',
      'Math.random()',
      "fetch('x')",
      'setTimeout(f, 1)',
      'process.env',
      'performance.now()',
      'crypto.randomUUID()',
      'DateTime.utc()',
      'globalThis.fetch',
      'console.log(1)',
    ].map((code) => ({ files: { 'core/base/a.ts': `\nconst a = ${code};` }, at: 'core/base/a.ts:2' })),
    { files: { 'core/base/a.ts': '\nconst { env } = process;' }, at: 'core/base/a.ts:2' },
    { files: { 'core/base/a.ts': `const a = \`\${Date.now()}\`;` }, at: 'core/base/a.ts:1' },
  ],
  keeps: [
    {
      'core/base/a.ts':
        "// Date.now()\nnew Date(at); new Date('2026-01-01'); port.fetch(x); const a = 'Math.random()'; step.process(1); /new Date()/.test(a);",
      'core/base/a.test.ts': 'Date.now();',
      'server/worker/a.ts': 'setTimeout(f, 1);',
    },
  ],
};

const environment: readonly Pattern[] = [
  [/(?<![.\w$])process\s*\.\s*env\b/g, 'reads the environment'],
  [/\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b/g, 'reads the environment'],
];

function environmentImports(file: Source): Finding[] {
  return importsOf(file)
    .filter(({ specifier }) => /^(node:)?process$/.test(specifier))
    .map(({ line }) => ({ path: file.path, line, what: 'imports the process, and with it the environment' }));
}

/** The one file of each program that reads the environment. Tools and tests may read what they need. */
const config_file = 'server/base/config.ts';
const terminal_file = 'cli/frame/terminal.ts';

export const one_environment: Rule = {
  name: `process.env only in ${config_file}`,
  remedy: `Add the setting to ${config_file}, where it is parsed once and refused at start when wrong, and pass it on.`,
  find: (files) => {
    const others = files.filter(({ path }) => isShipped(path) && path !== config_file && path !== terminal_file);
    return [...findInCode(others, environment), ...others.flatMap(environmentImports)];
  },
  breaks: [
    { files: { 'server/http/a.ts': '\n\nconst port = process.env.PORT;' }, at: 'server/http/a.ts:3' },
    { files: { 'server/http/a.ts': 'const { env } = process;' }, at: 'server/http/a.ts:1' },
    { files: { 'server/main.ts': "import { env } from 'node:process';" }, at: 'server/main.ts:1' },
  ],
  keeps: [
    {
      [config_file]: 'process.env.PORT',
      [terminal_file]: 'process.env.PORT',
      'tools/start.ts': 'process.env.PORT',
      'server/http/a.test.ts': 'process.env.PORT',
      'server/main.ts': 'process.argv; // process.env',
    },
  ],
};

/** The one file of the server that knows the time and makes ids. */
const deps_file = 'server/base/deps.ts';

const ids: readonly Pattern[] = [[/(?<![.\w$])suffixOf\(/g, 'makes an id']];

export const one_clock: Rule = {
  name: `the real clock and new ids only in ${deps_file}`,
  remedy: `Take the clock and the id maker from ${deps_file} as a parameter, so that a test can hold them still.`,
  find: (files) => {
    const others = files.filter(({ path }) => isShipped(path) && path.startsWith('server/') && path !== deps_file);
    return findInCode(others, [...clock, ...chance, ...ids]);
  },
  breaks: [
    ...[
      'Date.now()',
      'new Date()',
      'performance.now()',
      'randomUUID()',
      'process.hrtime.bigint()',
      'Math.random()',
    ].map((code) => ({ files: { 'server/store/a.ts': `const a = ${code};` }, at: 'server/store/a.ts:1' })),
    { files: { 'server/store/a.ts': '\nsuffixOf(at_ms, 0, 0)' }, at: 'server/store/a.ts:2' },
  ],
  keeps: [
    {
      [deps_file]: 'suffixOf(Date.now(), 0, 0)',
      'server/store/a.ts': 'deps.now(); new Date(row.at); // Date.now()',
      'server/store/a.test.ts': 'Date.now()',
    },
  ],
};
