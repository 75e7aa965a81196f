import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { rules } from './tidy/index.ts';
import { describeFinding, sourcesOf } from './tidy/rule.ts';
import { readTree } from './tidy/tree.ts';

const tree = readTree(fileURLToPath(new URL('..', import.meta.url)));

test('the whole tree is read', () => {
  const paths = tree.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['core/base/error.ts', 'tools/tidy.test.ts', 'package.json']));
});

for (const rule of rules)
  describe(rule.name, () => {
    test('holds in the tree', () => {
      const found = rule.find(tree).map((finding) => describeFinding(rule, finding));
      if (found.length > 0) expect.fail(`${found.length} found:\n${found.join('\n')}`);
    });

    test('sees every breach of it, where it is', () => {
      expect(rule.breaks.length).toBeGreaterThan(0);
      for (const { files, at } of rule.breaks) {
        const places = rule.find(sourcesOf(files)).map(({ path, line }) => `${path}:${line}`);
        expect(places, JSON.stringify(files).slice(0, 200)).toContain(at);
      }
    });

    test('sees nothing where nothing is', () => {
      expect(rule.keeps.length).toBeGreaterThan(0);
      for (const files of rule.keeps)
        expect(rule.find(sourcesOf(files)).map((finding) => describeFinding(rule, finding))).toEqual([]);
    });
  });
