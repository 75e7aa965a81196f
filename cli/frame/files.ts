import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { CommandError } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export interface NamedText {
  path: string;
  text: string;
}

/** The YAML and JSON files named, and those in the folders named, in the order of their paths. */
export function policyFiles({ cwd }: Terminal, paths: readonly string[]): NamedText[] {
  const found = paths.flatMap((path) => filesAt(resolve(cwd, path)));
  if (found.length > 0)
    return [...new Set(found)].sort().map((path) => ({ path: relative(cwd, path), text: readFileSync(path, 'utf8') }));
  throw new CommandError(
    'usage',
    `There are no policies in ${paths.join(', ')}`,
    'policies are .yaml, .yml and .json files',
    'see docs/policy-as-code.md',
  );
}

function filesAt(path: string): string[] {
  const known = statSync(path, { throwIfNoEntry: false });
  if (!known)
    throw new CommandError('usage', `There is no file ${path}`, 'a policy is read from a file or a folder of files');
  if (known.isFile()) return [path];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return entry.name.startsWith('.') ? [] : filesAt(join(path, entry.name));
    return /\.(ya?ml|json)$/.test(entry.name) ? [join(path, entry.name)] : [];
  });
}
