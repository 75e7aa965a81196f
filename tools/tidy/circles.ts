import { importsOf } from './imports.ts';
import { type Finding, isCode, type Rule, type Source } from './rule.ts';

interface Edge {
  to: string;
  line: number;
}

/** One finding per circle, at the import that closes it. Types count: a circle of types is still one room in two. */
function circles(files: readonly Source[]): Finding[] {
  const edges = new Map<string, Edge[]>();
  for (const file of files.filter(({ path }) => isCode(path)))
    edges.set(
      file.path,
      importsOf(file).flatMap(({ path, line }) => (path === null ? [] : [{ to: path, line }])),
    );
  const finished = new Set<string>();
  const trail: string[] = [];
  const found = new Map<string, Finding>();

  const visit = (path: string): void => {
    trail.push(path);
    for (const { to, line } of edges.get(path) ?? []) {
      const since = trail.indexOf(to);
      if (since !== -1) {
        const circle = trail.slice(since);
        const what = `closes the circle ${[...circle, to].join(' → ')}`;
        found.set([...circle].sort().join(' '), { path, line, what });
      } else if (!finished.has(to)) visit(to);
    }
    trail.pop();
    finished.add(path);
  };
  for (const path of edges.keys()) if (!finished.has(path)) visit(path);
  return [...found.values()];
}

export const no_circles: Rule = {
  name: 'no import circles, type imports included',
  remedy: 'Move what both need into a third file below them, or pass it in.',
  find: circles,
  breaks: [
    {
      files: {
        'core/base/a.ts': "import { b } from './b.ts';",
        'core/base/b.ts': "\nimport type { A } from './a.ts';",
      },
      at: 'core/base/b.ts:2',
    },
    {
      files: {
        'server/api/a.ts': "import { b } from './b.ts';",
        'server/api/b.ts': "import { c } from '@aos/server/api/c.ts';",
        'server/api/c.ts': "export { a } from './a.ts';",
      },
      at: 'server/api/c.ts:1',
    },
    { files: { 'core/base/a.ts': "type A = import('./a.ts').B;" }, at: 'core/base/a.ts:1' },
  ],
  keeps: [
    {
      'core/base/a.ts': "import { b } from './b.ts';\nimport { c } from './c.ts';",
      'core/base/b.ts': "import { c } from './c.ts'; // './a.ts'",
      'core/base/c.ts': "const text = `import { a } from './a.ts'`;",
    },
  ],
};
