import { functionsOf } from './functions.ts';
import { type Finding, isCode, isShipped, isTest, type Rule, type Source } from './rule.ts';
import { scanOf } from './scan.ts';

const file_lines = { max: 400, p90: 250, median: 105 };
const function_lines = 70;
const component_lines = 120;

const lineCount = ({ text }: Source): number => text.replace(/\n$/, '').split('\n').length;
const isMeasured = ({ path }: Source): boolean => isCode(path) && !isTest(path) && /\.tsx?$/.test(path);
const lines = (count: number): string => '1;\n'.repeat(count);

export const small_files: Rule = {
  name: `no file over ${file_lines.max} lines`,
  remedy: 'Split the idea, not the file: what would the second question be called?',
  find: (files) =>
    files
      .filter((file) => isMeasured(file) || (isTest(file.path) && isCode(file.path)))
      .map((file) => ({ path: file.path, line: lineCount(file) }))
      .filter(({ line }) => line > file_lines.max)
      .map((place) => ({ ...place, what: `has ${place.line} lines` })),
  breaks: [
    { files: { 'core/base/a.ts': lines(401) }, at: 'core/base/a.ts:401' },
    { files: { 'e2e/http/a.test.ts': lines(401) }, at: 'e2e/http/a.test.ts:401' },
  ],
  keeps: [{ 'core/base/a.ts': lines(400), 'core/base/a.test.ts': lines(400), 'core/base/generated/a.ts': lines(900) }],
};

/** The size that this share of the files does not exceed. */
const quantile = (sizes: readonly number[], share: number): number => sizes[Math.ceil(sizes.length * share) - 1] ?? 0;

function spread(files: readonly Source[]): Finding[] {
  const measured = files.filter(isMeasured).sort((a, b) => lineCount(a) - lineCount(b));
  const sizes = measured.map(lineCount);
  return (
    [
      ['median', 0.5, file_lines.median],
      ['90th percentile', 0.9, file_lines.p90],
    ] as const
  ).flatMap(([name, share, max]) => {
    const size = quantile(sizes, share);
    const path = measured[Math.ceil(sizes.length * share) - 1]?.path ?? '';
    return size > max ? [{ path, line: size, what: `stands at the ${name}: ${size} lines, at most ${max}` }] : [];
  });
}

export const files_mostly_small: Rule = {
  name: `half of the files have at most ${file_lines.median} lines, nine tenths at most ${file_lines.p90}`,
  remedy: 'One question per file; start with the largest that asks two.',
  find: spread,
  breaks: [
    { files: { 'core/base/a.ts': lines(106) }, at: 'core/base/a.ts:106' },
    { files: { 'core/base/a.ts': lines(1), 'core/base/b.ts': lines(251) }, at: 'core/base/b.ts:251' },
  ],
  keeps: [{ 'core/base/a.ts': lines(105), 'core/base/b.ts': lines(250) }],
};

function longFunctions(file: Source): Finding[] {
  const in_console = /^console\/.*\.tsx$/.test(file.path);
  return functionsOf(scanOf(file).code)
    .map((span) => ({ ...span, max: in_console && /^[A-Z]/.test(span.name) ? component_lines : function_lines }))
    .filter(({ lines, max }) => lines > max)
    .map(({ name, line, lines, max }) => ({
      path: file.path,
      line,
      what: `${name || 'a function without a name'} has ${lines} lines, at most ${max}`,
    }));
}

export const short_functions: Rule = {
  name: `functions have at most ${function_lines} lines, components ${component_lines}`,
  remedy: 'Keep the branches here and move the pure leaves out, each under a name that says what it does.',
  find: (files) =>
    files
      .filter((file) => isMeasured(file) && (isShipped(file.path) || file.path.startsWith('tools/')))
      .flatMap(longFunctions),
  breaks: [
    ...[
      [`function f() {\n${lines(69)}}`, 1],
      [`\nexport const f = async <T>(a: T): Promise<{ a: T }> => {\n${lines(69)}};`, 2],
      [`class A {\n  *f(a = (1)): Iterable<T> {\n${lines(69)}}\n}`, 2],
      [`const f = (a) =>\n  g(\n${'1,\n'.repeat(68)});`, 1],
      [`const a = { f(): { b: 1 } | null {\n${`/[{"\`]/; \`{\${"{"}\`;\n`.repeat(69)}} };`, 1],
      [`function f(): (a: (b: 1) => 2) => void {\n${lines(69)}}`, 1],
      [`on('x', function () {\n${lines(69)}});`, 1],
    ].map(([code, line]) => ({ files: { 'core/base/a.ts': String(code) }, at: `core/base/a.ts:${line}` })),
    { files: { 'console/ui/A.tsx': `function a() {\n${lines(69)}}` }, at: 'console/ui/A.tsx:1' },
    {
      files: { 'console/ui/A.tsx': `\nfunction A() {\n  return (\n    <p>\n${"Don't {a}\n".repeat(115)}</p>\n  );\n}` },
      at: 'console/ui/A.tsx:2',
    },
  ],
  keeps: [
    {
      'core/base/a.ts': `function f() {\n${lines(68)}}\nif (a) {\n${lines(90)}}\nclass A extends b(c) {\n${lines(90)}}`,
      'core/base/c.ts': `function f(): (a: 1) => void {\n${lines(3)}}\n${lines(90)}`,
      'core/base/b.ts': `const schema = z.object({\n${lines(90)}});\ninterface A {\n  f(a: string): { b: 1 };\n${lines(90)}}`,
      'core/base/a.test.ts': `test(() => {\n${lines(90)}});`,
      'console/ui/A.tsx': `export function A() {\n  return <p>\n${"Don't } stop\n".repeat(115)}</p>;\n}`,
    },
  ],
};
