// Bundles the server into dist/server/main.mjs. `node tools/build.mjs [ENTRY [FOLDER]]` builds another entry elsewhere.
import { cpSync, existsSync, readdirSync, realpathSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './install.mjs';

const migrations = join(root, 'server', 'store', 'migrations');
const viewer = join(root, 'console', 'viewer');
const sources = ['core', 'server', 'console/viewer', 'tools/build.mjs', 'package-lock.json'].map((name) =>
  join(root, name),
);
const default_entry = join(root, 'server', 'main.ts');
const default_folder = join(root, 'dist', 'server');

export const built_server = join(default_folder, 'main.mjs');

/** True when the bundle is missing or older than a source. Folders count, since removing a file changes only them. */
export function isStale() {
  return !existsSync(built_server) || newest(sources) > statSync(built_server).mtimeMs;
}

export async function build(entry = default_entry, folder = default_folder) {
  const { build: bundle } = await import('esbuild');
  const begun = new Date();
  rmSync(folder, { recursive: true, force: true });
  cpSync(migrations, join(folder, 'migrations'), { recursive: true, filter: (path) => !/\.tsx?$/.test(path) });
  cpSync(viewer, join(folder, 'viewer'), { recursive: true });
  const outfile = join(folder, 'main.mjs');
  await bundle({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    plugins: [ourPackages],
    sourcemap: true,
    logLevel: 'warning',
    absWorkingDir: root,
  });
  utimesSync(outfile, begun, begun); // a source saved while bundling is newer than the bundle
}

/** Other people's packages stay in node_modules; ours (`@aos/core/base/id.ts`) are TypeScript and become part of it. */
const ourPackages = {
  name: 'our-packages',
  setup({ onResolve }) {
    onResolve({ filter: /^@aos\// }, ({ path }) => {
      const [scope, name, ...rest] = path.split('/');
      return { path: join(realpathSync(join(root, 'node_modules', scope, name)), ...rest) };
    });
  },
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
  await build(entry, folder).catch((error) => {
    if (!Array.isArray(error.errors)) throw error;
    process.exit(1); // esbuild has printed them, each with its place
  });
}
