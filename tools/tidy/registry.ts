import { importsOf } from './imports.ts';
import { type Finding, isCode, isTest, type Rule, type Source } from './rule.ts';
import { scanOf } from './scan.ts';

interface Registry {
  folder: string;
  /** The type of an entry: a file that exports one is in the registry. Without it every file of the folder is one. */
  entry?: string;
  /** The file that says what an entry is. */
  define: string;
}

const define = 'define.ts';

/** Folders where adding something is one new file and one line in `index.ts`. */
export const registries: readonly Registry[] = [
  { folder: 'core/activity/wires', entry: 'Wire', define },
  { folder: 'core/activity/signals', define },
  { folder: 'core/policies/limits', define },
  { folder: 'core/policies/detectors', define },
  { folder: 'core/api', entry: 'Endpoints', define: 'endpoint.ts' },
  { folder: 'server/upstreams/llm', entry: 'LlmUpstream', define },
  { folder: 'server/notifiers', entry: 'Notifier', define },
  { folder: 'server/skills', entry: 'Skill', define },
  { folder: 'server/worker', entry: 'Job', define },
  { folder: 'server/worker/signals', entry: 'Source', define },
  { folder: 'cli/commands', entry: 'Noun', define },
  { folder: 'tools/tidy', entry: 'Rule', define: 'rule.ts' },
];

export const isRegistry = (path: string): boolean => registries.some(({ folder }) => path === `${folder}/index.ts`);

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** Exports a value of the entry type, by annotation, by `satisfies`, by `define…`, or from a function that makes one. */
function holdsEntry(file: Source, entry: string | undefined): boolean {
  if (entry === undefined) return true;
  const annotated = `\\bexport\\s+(?:const\\s+\\w+|function[^;{]*\\))\\s*:\\s*${entry}\\b[^=;{]*[={]`;
  const defined = `\\bexport\\s+const\\s+\\w+\\s*=\\s*define${entry}\\b`;
  return new RegExp(`${annotated}|${defined}|\\bsatisfies\\s+${entry}\\b`).test(scanOf(file).code);
}

function missing(files: readonly Source[], { folder, entry, define }: Registry): Finding[] {
  const members = files.filter(({ path }) => folderOf(path) === folder && isCode(path) && !isTest(path));
  const index = members.find(({ path }) => path === `${folder}/index.ts`);
  const listed = new Set(index ? importsOf(index).map(({ path }) => path) : []);
  const candidates = members.filter(({ path }) => path !== index?.path && path !== `${folder}/${define}`);
  const entries = candidates.filter((file) => holdsEntry(file, entry));
  const found = entries
    .filter(({ path }) => !listed.has(path))
    .map(({ path }) => ({ path, line: 1, what: `is not in ${folder}/index.ts` }));
  if (entry === undefined || candidates.length === 0) return found;
  if (entries.length === 0) found.push({ path: `${folder}/index.ts`, line: 1, what: `no file here holds a ${entry}` });
  // Without its type no file would count as an entry, and the rule would pass by seeing nothing.
  const definition = members.find(({ path }) => path === `${folder}/${define}`);
  const defined = definition && new RegExp(`\\b(?:interface|type)\\s+${entry}\\b`).test(scanOf(definition).code);
  return defined
    ? found
    : [...found, { path: `${folder}/${define}`, line: 1, what: `does not say what a ${entry} is` }];
}

const here = 'tools/tidy/registry.ts';

/** A registry that is gone is watched in vain; only the whole tree, which has this file, can tell. */
function gone(files: readonly Source[]): Finding[] {
  if (!files.some(({ path }) => path === here)) return [];
  return registries
    .filter(({ folder }) => !files.some(({ path }) => folderOf(path) === folder))
    .map(({ folder }) => ({ path: here, line: 1, what: `names ${folder}, which does not exist` }));
}

export const registries_complete: Rule = {
  name: 'every file of a registry folder is in its registry',
  remedy: 'Add its line to index.ts; only what stands there is validated, documented and tested.',
  find: (files) => [...registries.flatMap((registry) => missing(files, registry)), ...gone(files)],
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
    { files: { 'server/skills/a.ts': 'export const a = {};' }, at: 'server/skills/define.ts:1' },
    {
      files: { 'server/skills/index.ts': '', 'server/skills/a.ts': 'export const a = defineSkill({});' },
      at: 'server/skills/a.ts:1',
    },
    {
      files: { 'server/skills/define.ts': 'export interface Skill {}', 'server/skills/a.ts': 'export const a = {};' },
      at: 'server/skills/index.ts:1',
    },
    { files: { 'tools/tidy/registry.ts': '' }, at: 'tools/tidy/registry.ts:1' },
  ],
  keeps: [
    {
      'core/policies/limits/index.ts': "import { a } from './a.ts';",
      'core/policies/limits/a.ts': '',
      'core/policies/limits/a.test.ts': '',
      'core/policies/limits/define.ts': '',
      'server/upstreams/llm/index.ts': "import { a } from './a.ts';",
      'server/upstreams/llm/define.ts': 'export interface LlmUpstream {}',
      'server/upstreams/llm/a.ts': 'export const a: LlmUpstream = {};',
      'server/upstreams/llm/sse.ts': 'export function sse(a: string): LlmUpstreamBody {}',
    },
  ],
};
