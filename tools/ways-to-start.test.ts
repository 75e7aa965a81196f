import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const memory_options = /--(?:max-semi-space-size|heap-growing-percent)=\d+/g;
const optionsIn = (path: string) => readFileSync(path, 'utf8').match(memory_options);

test('the server is given the same bounds of memory whichever way it is started', () => {
  const asked = ['--max-semi-space-size=32', '--heap-growing-percent=25'];
  const ways = ['Dockerfile', 'package.json', 'cli/commands/up.ts'];
  expect(ways.map(optionsIn)).toEqual(ways.map(() => asked));
});
