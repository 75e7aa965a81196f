import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { settingsOf } from './settings.ts';
import { realTerminal } from './terminal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'aos-settings-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Files = Partial<Record<'address' | 'admin.key', string>>;
let count = 0;

/** A command called in one folder and belonging to another, with what their `.aos` keep. */
function called(files: { cwd: Files; root: Files }, env = {}) {
  const at = join(scratch, String(count++));
  for (const [place, kept] of Object.entries(files)) {
    mkdirSync(join(at, place, '.aos'), { recursive: true });
    for (const [name, text] of Object.entries(kept)) writeFileSync(join(at, place, '.aos', name), `${text}\n`);
  }
  return settingsOf({ ...realTerminal(join(at, 'root')), cwd: join(at, 'cwd'), env }, {});
}

test.each([
  'https://evil.example',
  'http://evil.example',
  'https://127.0.0.1:9000',
  'http://127.0.0.1.evil.example',
  'x',
])('a folder that says %s leads no key there', (address) => {
  const { url, api_key } = called({ cwd: { address }, root: {} }, { AOS_API_KEY: 'aos_given' });
  expect({ url, api_key }).toEqual({ url: 'http://127.0.0.1:8000', api_key: 'aos_given' });
});

test('the key of one folder does not go where another says', () => {
  const { url, api_key } = called({ cwd: { address: 'http://127.0.0.1:9000' }, root: { 'admin.key': 'aos_root' } });
  expect({ url, api_key }).toEqual({ url: 'http://127.0.0.1:9000', api_key: null });
});

test.each(['http://127.0.0.1:9000', 'http://localhost:9000', 'http://[::1]:9000'])(
  'a server at %s is found with the key beside its address',
  (address) => {
    const kept = called({ cwd: { 'admin.key': 'aos_other' }, root: { address, 'admin.key': 'aos_root' } });
    expect(kept).toMatchObject({ url: address, api_key: 'aos_root' });
  },
);

test.skipIf(process.getuid?.() !== 0)('an address that somebody else has put there does not count', () => {
  const at = join(scratch, 'foreign');
  mkdirSync(join(at, '.aos'), { recursive: true });
  writeFileSync(join(at, '.aos', 'address'), 'http://127.0.0.1:9000\n');
  chownSync(join(at, '.aos', 'address'), 65_534, 65_534);
  expect(settingsOf({ ...realTerminal(at), cwd: at, env: {} }, {}).url).toBe('http://127.0.0.1:8000');
});
