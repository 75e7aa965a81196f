import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { profilesFile, writeProfiles } from './profiles.ts';
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

test('what login kept is asked, unless the environment or a flag says otherwise, and its key goes nowhere else', () => {
  const at = join(scratch, 'profiles');
  mkdirSync(at, { recursive: true });
  const terminal = realTerminal(at);
  const of = (env = {}) => ({ ...terminal, cwd: at, env: { XDG_CONFIG_HOME: at, ...env } });
  writeProfiles(of(), {
    default: { url: 'https://aos.example', api_key: 'aos_usual' },
    test: { url: 'https://test.example', api_key: 'aos_test' },
  });
  const used = (env = {}, given = {}) => {
    const { url, api_key } = settingsOf(of(env), given);
    return [url, api_key];
  };
  expect(used()).toEqual(['https://aos.example', 'aos_usual']);
  expect(used({ AOS_API_KEY: 'aos_env' })).toEqual(['https://aos.example', 'aos_env']);
  expect(used({ AOS_URL: 'https://other.example' })).toEqual(['https://other.example', null]);
  expect(used({ AOS_API_KEY: 'aos_env', AOS_URL: 'https://other.example' }, { profile: 'test' })).toEqual([
    'https://test.example',
    'aos_test',
  ]);
  expect(used({}, { profile: 'test', url: 'https://other.example' })).toEqual(['https://other.example', null]);
  expect(used({}, { profile: 'test', apiKey: 'aos_flag' })).toEqual(['https://test.example', 'aos_flag']);
  expect(() => used({}, { profile: 'none' })).toThrow('no profile "none"');
  chmodSync(profilesFile(of()) ?? '', 0o640);
  expect(() => used()).toThrow('are not read');
  const told = { url: 'https://other.example', apiKey: 'aos_flag' };
  expect(used({}, told)).toEqual(['https://other.example', 'aos_flag']);
});
