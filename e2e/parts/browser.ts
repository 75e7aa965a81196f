import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { describe } from 'vitest';

/** `npm test` names the browser that it found or brought; without it Debian's is looked for. */
const named = process.env.AOS_TEST_CHROMIUM || process.env.CHROME || '/usr/bin/chromium';
const path = existsSync(named) ? named : null;

/** Without a browser these tests are skipped, and counted as that; where CI says so they fail instead. */
const is_skipped = path === null && process.env.CI !== 'true';

/** A group of tests in a browser. */
export const inBrowser = (name: string, tests: () => void): void => {
  describe.skipIf(is_skipped)(is_skipped ? `${name} (skipped: no Chromium; CHROME names one)` : name, tests);
};

export function launchBrowser(): Promise<Browser> {
  if (path === null) throw new Error('There is no Chromium: install one, or name it in CHROME.');
  return chromium.launch({
    executablePath: path,
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A window of its own; what it waits for may be slow, which fails nothing. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
  page.setDefaultTimeout(60_000);
  return page;
}
