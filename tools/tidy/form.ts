import { commentsOf } from './comments.ts';
import { importsOf } from './imports.ts';
import { findInCode } from './patterns.ts';
import { isRegistry, registries } from './registry.ts';
import { isCode, lineAt, type Rule, type Source } from './rule.ts';

const codeOf = (files: readonly Source[]): Source[] => files.filter(({ path }) => isCode(path));

export const no_any: Rule = {
  name: 'no any',
  remedy: 'Say what it is; what comes from outside is `unknown` until a schema has parsed it.',
  find: (files) =>
    findInCode(
      codeOf(files).filter(({ path }) => /\.tsx?$/.test(path)),
      [
        [/(?<![.\w$])any(?![\w$]|\s*\??\s*:|\s*\()/g, 'switches the type check off'],
        [/\bz\s*\.\s*any\s*\(/g, 'switches the type check off'],
      ],
    ),
  breaks: ['let a: any;', 'f(a as any);', 'type A = Array<any>;', 'let a: any[] = [];', 'z.any();'].map((code) => ({
    files: { 'core/base/a.ts': `\n${code}` },
    at: 'core/base/a.ts:2',
  })),
  keeps: [{ 'core/base/a.ts': "// any\nconst a = 'any'; Promise.any(b); const company = { any: 1 };" }],
};

export const no_silenced_errors: Rule = {
  name: 'no silenced type errors',
  remedy: 'Mend the type. If the library is wrong, narrow its value where it enters.',
  find: (files) =>
    codeOf(files).flatMap((file) =>
      commentsOf(file)
        .filter(({ text }) => /@ts-(ignore|expect-error|nocheck)/.test(text))
        .map(({ start }) => ({ path: file.path, line: lineAt(file.text, start), what: 'silences the compiler' })),
    ),
  breaks: ['ignore', 'expect-error', 'nocheck'].map((word) => ({
    files: { 'core/base/a.test.ts': `\n// @ts-${word}\nf();` },
    at: 'core/base/a.test.ts:2',
  })),
  keeps: [{ 'core/base/a.ts': "const a = '@ts-ignore';" }],
};

export const no_default_exports: Rule = {
  name: 'no default exports',
  remedy: 'Export it by name, so that it is called the same everywhere. Only `*.config.ts` files may have a default.',
  find: (files) =>
    findInCode(
      codeOf(files).filter(({ path }) => !/\.config\.(ts|mjs|js)$/.test(path)),
      [[/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g, 'has no name']],
    ),
  breaks: [
    { files: { 'console/pages/A.tsx': '\nexport default function A() {}' }, at: 'console/pages/A.tsx:2' },
    { files: { 'core/base/a.ts': 'export { a as default };' }, at: 'core/base/a.ts:1' },
  ],
  keeps: [{ 'vite.config.ts': 'export default {};', 'core/base/a.ts': "export const a = 'export default';" }],
};

export const no_barrels: Rule = {
  name: 'no barrels',
  remedy: `Import the file that holds it. index.ts is a registry, in ${registries.map(({ folder }) => folder).join(', ')}.`,
  find: (files) => [
    ...codeOf(files)
      .filter(({ path }) => !isRegistry(path))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ reexport }) => reexport)
          .map(({ line, specifier }) => ({ path: file.path, line, what: `passes on ${specifier}` })),
      ),
    ...codeOf(files)
      .filter(({ path }) => /(^|\/)index\.tsx?$/.test(path) && !isRegistry(path))
      .map(({ path }) => ({ path, line: 1, what: 'is an index of a folder that is no registry' })),
  ],
  breaks: [
    { files: { 'core/base/a.ts': "\nexport { b } from './b.ts';" }, at: 'core/base/a.ts:2' },
    { files: { 'core/base/a.ts': "export * from './b.ts';" }, at: 'core/base/a.ts:1' },
    { files: { 'core/base/a.ts': "export type { B } from './b.ts';" }, at: 'core/base/a.ts:1' },
    { files: { 'core/base/index.ts': 'export const a = 1;' }, at: 'core/base/index.ts:1' },
  ],
  keeps: [
    {
      'core/policies/limits/index.ts': "export { cost } from './cost.ts';",
      'core/base/a.ts': "import { b } from './b.ts';\nexport const a = b;",
    },
  ],
};
