import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Source } from './rule.ts';

const outside = new Set(['node_modules', 'dist', 'coverage']);
const text_file = /\.(ts|tsx|mjs|js|json|sql|css|py|md|html)$/;

/** Every file of the working tree but hidden ones, installed packages and builds; text only of the kinds rules read. */
export function readTree(root: string, folder = ''): Source[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || outside.has(entry.name)) return [];
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return readTree(root, path);
    return [{ path, text: text_file.test(path) ? readFileSync(join(root, path), 'utf8') : '' }];
  });
}
