import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

interface Chunk {
  file: string;
  imports?: string[];
  dynamicImports?: string[];
  css?: string[];
  isEntry?: boolean;
}

const folder = path.join(import.meta.dirname, '../../dist/console');
const manifest: Record<string, Chunk> = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
const kb = (files: Iterable<string>): number =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(path.join(folder, file))).length, 0) / 1_024;

/** The chunk and all that it imports at once. */
function withImports(name: string, known = new Set<string>()): Set<string> {
  const chunk = manifest[name];
  if (!chunk || known.has(chunk.file)) return known;
  known.add(chunk.file);
  for (const other of chunk.imports ?? []) withImports(other, known);
  return known;
}

const entry = Object.keys(manifest).find((name) => manifest[name]?.isEntry) ?? '';
const first = withImports(entry);
const scripts = new Set(
  Object.values(manifest)
    .map(({ file }) => file)
    .filter((file) => file.endsWith('.js')),
);
const styles = new Set(
  Object.values(manifest)
    .map(({ file }) => file)
    .filter((file) => file.endsWith('.css')),
);

/** In KB of gzip. */
describe('what a browser must load', () => {
  test('is at most 175 for the shell and a list', () => {
    const list = withImports('pages/activity/Completed.tsx');
    expect(list.size).toBeGreaterThan(1);
    expect(kb(new Set([...first, ...list]))).toBeLessThanOrEqual(175);
  });
  test.each((manifest[entry]?.dynamicImports ?? []).map((name) => [name]))('is at most 60 more for %s', (name) => {
    expect(kb([...withImports(name)].filter((file) => !first.has(file)))).toBeLessThanOrEqual(60);
  });
  test('is at most 30 for charts', () => {
    expect(kb([...withImports('ui/LineChart.tsx')].filter((file) => !first.has(file)))).toBeLessThanOrEqual(30);
  });
  test('is at most 350 for every page together, with 20 of styles and no fonts', () => {
    expect(kb(scripts)).toBeLessThanOrEqual(350);
    expect(kb(styles)).toBeLessThanOrEqual(20);
    expect(Object.values(manifest).filter(({ file }) => /\.(woff2?|ttf|otf)$/.test(file))).toEqual([]);
  });
});
