// Finds a Chromium for the tests that need a browser, and installs Debian's where that is possible.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const usual = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'].map(
  (name) => `/usr/bin/${name}`,
);

/** The path of a browser; null where none is, or a named one is not there. */
function findBrowser(env) {
  const named = env.AOS_TEST_CHROMIUM || env.CHROME;
  return (named ? [named] : usual).find((path) => existsSync(path)) ?? null;
}

/** The same, after an installation where none was found, this is Debian, and we may. */
export function bringBrowser(env = process.env) {
  const found = findBrowser(env);
  if (found || env.AOS_TEST_CHROMIUM || env.CHROME || !mayInstall()) return found;
  console.log('No Chromium is here; installing it for the browser tests (apt-get install chromium) …');
  apt(['update']);
  const { status, stderr } = apt(['install', '-y', '--no-install-recommends', 'chromium']);
  if (status !== 0) console.log(`It could not be installed: ${String(stderr).trim().split('\n').at(-1)}`);
  return findBrowser(env);
}

const mayInstall = () =>
  process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');

const apt = (args) =>
  spawnSync('/usr/bin/apt-get', ['-q', ...args], {
    encoding: 'utf8',
    timeout: 300_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
