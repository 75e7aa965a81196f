// Makes the installed packages match package-lock.json. Runs before anything is installed: Node's own modules only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(import.meta.url), '../..');
const lock = join(root, 'package-lock.json');
const stamp = join(root, 'node_modules', '.aos-lock-sha256');
/** npm writes this file last, so it is there only when an installation by hand was completed. */
const installed_lock = join(root, 'node_modules', '.package-lock.json');

/** Ends the process when this Node is too old to run AOS. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(
    `AOS needs Node.js 20.19 or newer, and this is ${process.version}. Install Node.js 24 (https://nodejs.org) and try again.`,
  );
  process.exit(1);
}

/** Runs `npm ci --ignore-scripts` when packages are missing or belong to another lock file; ends the process on failure. */
export function install() {
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (isInstalled(hash)) return;
  console.log('Installing packages (npm ci --ignore-scripts) …');
  const npm = process.env.npm_execpath;
  // Building needs the development packages, also where NODE_ENV says production.
  const args = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'];
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 };
  const done = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, options);
  if (done.status !== 0) {
    console.error(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`);
    console.error(
      'The packages could not be installed; npm says why above. AOS needs access to the npm registry for this.',
    );
    process.exit(1);
  }
  writeFileSync(stamp, `${hash}\n`);
}

function isInstalled(hash) {
  if (!existsSync(installed_lock)) return false;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === hash) return true;
  return statSync(installed_lock).mtimeMs >= statSync(lock).mtimeMs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  requireNode();
  install();
}
