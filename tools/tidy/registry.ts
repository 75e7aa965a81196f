import { importsOf } from './imports.ts';
import { type Finding, isCode, isTest, type Rule, type Source } from './rule.ts';
import { scanOf } from './scan.ts';

interface Registry {
  folder: string;
  /** The type of an entry: a file that exports one is in the registry. Without it every file of the folder is one. */
  entry?: string;
}

/** Folders where adding something is one new file and one line in `index.ts`. */
export const registries: readonly Registry[] = [
  { folder: 'core/activity/wires', entry: 'Wire' },
  { folder: 'core/policies/limits' },
  { folder: 'core/policies/detectors' },
  { folder: 'core/logs/exports' },
  { folder: 'core/api' },
  { folder: 'server/upstreams/llm', entry: 'LlmUpstream' },
  { folder: 'server/upstreams/tool', entry: 'ToolUpstream' },
  { folder: 'server/upstreams/retrieval', entry: 'RetrievalUpstream' },
  { folder: 'server/upstreams/query', entry: 'QueryUpstream' },
  { folder: 'server/notifiers', entry: 'Notifier' },
  { folder: 'server/skills', entry: 'Skill' },
  { folder: 'server/worker', entry: 'Job' },
  { folder: 'tools/tidy', entry: 'Rule' },
];

export const isRegistry = (path: string): boolean => registries.some(({ folder }) => path === `${folder}/index.ts`);

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** Exports a value of the entry type, by annotation, by `satisfies`, or from a function that makes one. */
function holdsEntry(file: Source, entry: string | undefined): boolean {
  if (entry === undefined) return true;
  const value = new RegExp(
    `\\bexport\\s+(?:const|function)\\s[^;]*?(?::|\\bsatisfies)\\s*${entry}\\b(?:\\[\\])?\\s*[={;]`,
  );
  return value.test(scanOf(file).code);
}

function missing(files: readonly Source[], { folder, entry }: Registry): Finding[] {
  const members = files.filter(({ path }) => folderOf(path) === folder && isCode(path) && !isTest(path));
  const index = members.find(({ path }) => path === `${folder}/index.ts`);
  const entries = members.filter(
    (file) => !/\/(?:index|define|endpoint)\.ts$/.test(file.path) && holdsEntry(file, entry),
  );
  const listed = new Set(index ? importsOf(index).map(({ path }) => path) : []);
  return entries
    .filter(({ path }) => !listed.has(path))
    .map(({ path }) => ({ path, line: 1, what: `is not in ${folder}/index.ts` }));
}

export const registries_complete: Rule = {
  name: 'every file of a registry folder is in its registry',
  remedy: 'Add its line to index.ts; only what stands there is validated, documented and tested.',
  find: (files) => registries.flatMap((registry) => missing(files, registry)),
  breaks: [
    {
      files: { 'core/policies/limits/index.ts': "import { a } from './a.ts';", 'core/policies/limits/b.ts': '' },
      at: 'core/policies/limits/b.ts:1',
    },
    { files: { 'core/policies/detectors/a.ts': '' }, at: 'core/policies/detectors/a.ts:1' },
    {
      files: { 'server/upstreams/llm/index.ts': '', 'server/upstreams/llm/a.ts': 'export const a: LlmUpstream = {};' },
      at: 'server/upstreams/llm/a.ts:1',
    },
    {
      files: { 'core/activity/wires/index.ts': '', 'core/activity/wires/a.ts': 'export const a = {} satisfies Wire;' },
      at: 'core/activity/wires/a.ts:1',
    },
  ],
  keeps: [
    {
      'core/policies/limits/index.ts': "import { a } from './a.ts';",
      'core/policies/limits/a.ts': '',
      'core/policies/limits/a.test.ts': '',
      'core/policies/limits/define.ts': '',
      'server/upstreams/llm/index.ts': "import { a } from './a.ts';",
      'server/upstreams/llm/a.ts': 'export const a: LlmUpstream = {};',
      'server/upstreams/llm/sse.ts': 'export function sse(a: string): LlmUpstreamBody {}',
    },
  ],
};
