import { posix } from 'node:path';
import { lineAt, type Source } from './rule.ts';
import { scanOf } from './scan.ts';

export interface Import {
  specifier: string;
  line: number;
  /** Erased by the compiler: `import type` or `export type`. */
  type_only: boolean;
  /** `export … from`. */
  reexport: boolean;
  /** The file of this repository it names; null for packages from elsewhere. */
  path: string | null;
  /** The package from elsewhere it names, `node:` for all of Node's own; null for files of this repository. */
  dependency: string | null;
}

const forms =
  /(?<![.\w$])(?:(import|export)\s+(type\s+)?(?:[^'"`;()=]*?)\bfrom\s*|import\s*\(\s*|import\s*|require\s*\(\s*)(['"`])/g;

const known = new WeakMap<Source, Import[]>();

/** Everything a file imports: static, dynamic, for types only, and `export … from`. */
export function importsOf(source: Source): Import[] {
  const found = known.get(source) ?? readImports(source);
  known.set(source, found);
  return found;
}

function readImports(source: Source): Import[] {
  const { code } = scanOf(source);
  return [...code.matchAll(forms)].map((match) => {
    const open = match.index + match[0].length;
    const specifier = source.text.slice(open, code.indexOf(match[3] ?? '', open));
    const path = pathOf(source.path, specifier);
    return {
      specifier,
      line: lineAt(source.text, open),
      type_only: match[2] !== undefined,
      reexport: match[1] === 'export',
      path,
      dependency: path === null ? dependencyOf(specifier) : null,
    };
  });
}

const workspaces: Record<string, string> = {
  '@aos/core': 'core',
  '@aos/server': 'server',
  '@aos/cli': 'cli',
  '@aos/console': 'console',
  '@aos/sdk': 'sdk/ts',
};

function pathOf(from: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  const [scope = '', name = '', ...rest] = specifier.split('/');
  const folder = workspaces[`${scope}/${name}`];
  return folder === undefined ? null : posix.join(folder, ...rest);
}

const builtins = new Set(
  'assert buffer child_process cluster crypto dns events fs http http2 https net os path process stream timers tls url util v8 vm worker_threads zlib'.split(
    ' ',
  ),
);

function dependencyOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  if (specifier.startsWith('node:') || builtins.has(first)) return 'node:';
  return first.startsWith('@') ? `${first}/${second}` : first;
}

const packages = ['core', 'server', 'cli', 'console', 'sdk/ts', 'sdk/py', 'tools', 'e2e'];

/** The package a path belongs to, and its room: the folder below, or the file's own name without ending. */
export function placeOf(path: string): { package: string; room: string } {
  const home = packages.find((name) => path.startsWith(`${name}/`));
  if (home === undefined) return { package: '', room: '' };
  const [room = ''] = path.slice(home.length + 1).split('/');
  return { package: home, room: room.replace(/\.(test\.)?\w+$/, '') };
}
