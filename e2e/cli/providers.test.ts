import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aos as command } from '../parts/command.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.stop());

const key = 'sk-of-the-test';
const aos = (...args: string[]) =>
  command({ AOS_URL: gateway.server.url, AOS_API_KEY: gateway.server.admin_key, SOME_KEY: key, EMPTY: '' }, ...args);

test('a provider that is added says whether it answers, what a call costs and what has no price', async () => {
  const added = await aos(
    'providers',
    'add',
    'mine',
    '--kind',
    'openai',
    '--base-url',
    gateway.stub.url,
    '--key-env',
    'SOME_KEY',
  );
  expect([added.code, added.err]).toEqual([0, expect.stringContaining('npx aos providers use mine')]);
  expect(added.out).toMatch(
    /✓ mine {2}http.*\n✓ key accepted \(models listed: 4\)\n✓ test call \$0\.0000\d+ .*mine\/gpt-4o-mini\n✓ prices known for 3, unknown for 1 → shown as unknown\n/,
  );
  const seen = gateway.stub.received.at(-1);
  expect(seen?.headers.authorization).toBe(`Bearer ${key}`);
  const listed = JSON.parse((await aos('providers', '--json')).out) as { items: { slug: string }[] };
  expect(listed.items.map(({ slug }) => slug)).toContain('mine');
  expect(JSON.stringify(listed)).not.toContain(key);
});

test('the same again gives it another key, and one that is not accepted is said', async () => {
  const again = await aos('providers', 'add', 'mine', '--kind', 'openai', '--key-env', 'SOME_KEY', '--json');
  expect([again.code, JSON.parse(again.out)]).toMatchObject([0, { slug: 'mine', models_listed: 4, unpriced: 1 }]);
  const empty = await aos('providers', 'add', 'mine', '--kind', 'openai', '--key-env', 'EMPTY');
  expect([empty.code, empty.err]).toEqual([2, expect.stringContaining('EMPTY is empty')]);
  const nowhere = await aos('providers', 'add', 'ollama', '--base-url', 'http://127.0.0.1:1/v1');
  expect([nowhere.code, nowhere.err]).toEqual([
    1,
    expect.stringMatching(/✗ ollama is kept, but does not answer\n.*could not be reached.*\n.*ollama serve/),
  ]);
});

test('"default" is what the tenant uses, tested like every model', async () => {
  expect((await aos('providers', 'test', 'default')).out).toContain('✓ default answered');
  const used = await aos('providers', 'use', 'mine', '--model', 'gpt-4o-mini');
  expect([used.code, used.out]).toEqual([0, expect.stringContaining('"default" is mine/gpt-4o-mini from now on')]);
  const tested = JSON.parse((await aos('providers', 'test', 'default', '--json')).out) as { model: string };
  expect(tested.model).toBe('gpt-4o-mini');
  const claude = await aos('providers', 'test', 'anthropic/claude-opus-4-6');
  expect([claude.code, claude.out]).toEqual([0, expect.stringContaining('✓ anthropic/claude-opus-4-6 answered')]);
  expect((await aos('providers', 'use', 'nobody')).code).toBe(2);
  expect((await aos('providers', 'use', 'mock')).out).toContain('mock/mock-small');
});

test('a server is found by its data folder, whatever its port, as long as it runs', async () => {
  const folder = gateway.server.data_dir;
  expect(readFileSync(path.join(folder, 'address'), 'utf8')).toBe(`${gateway.server.url}\n`);
  const here = { AOS_DATA_DIR: folder, AOS_API_KEY: gateway.server.admin_key };
  expect((await command(here, 'whoami')).code).toBe(0);
  // Whoever says where it is means that.
  expect((await command({ ...here, AOS_URL: 'http://127.0.0.1:1' }, 'whoami')).code).toBe(7);
  expect((await command({ ...here, PORT: '1' }, 'whoami')).err).toContain('http://127.0.0.1:1');
  const other = mkdtempSync(path.join(tmpdir(), 'aos-cli-'));
  writeFileSync(path.join(other, 'address'), `http://127.0.0.2:${new URL(gateway.server.url).port}\n`);
  expect((await command({ ...here, AOS_DATA_DIR: other }, 'whoami')).code).toBe(7);
  writeFileSync(path.join(other, 'address'), 'https://elsewhere.test\n');
  expect((await command({ ...here, AOS_DATA_DIR: other }, 'whoami')).err).not.toContain('elsewhere');
  rmSync(other, { recursive: true });
});
