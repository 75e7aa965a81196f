import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { settled, signIn } from '../e2e/console/browser.ts';
import { loadDemo } from '../e2e/console/demo.ts';
import { pagesOf } from '../e2e/console/pages.ts';
import { startServer } from '../e2e/parts/processes.ts';

/** `npm run screenshots`: every page of the console on demo data, in both themes, into docs/screenshots. */
const folder = fileURLToPath(new URL('../docs/screenshots/', import.meta.url));
const size = { width: 1200, height: 740 };
const most_bytes = 150_000;

async function shoot(page: Page, name: string, path: string): Promise<void> {
  await page.goto(path);
  await settled(page);
  await page.waitForTimeout(700);
  const picture = await page.screenshot();
  writeFileSync(`${folder}${name}.png`, picture);
  const wide = picture.length > most_bytes ? `  more than ${most_bytes / 1_000} KB` : '';
  console.log(`${name.padEnd(24)} ${(picture.length / 1_000).toFixed(0).padStart(4)} KB${wide}`);
}

mkdirSync(folder, { recursive: true });
const server = await startServer();
const browser = await chromium.launch({
  executablePath: process.env.AOS_TEST_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
try {
  const key = await loadDemo(server, { runs: 300, days: 7 });
  const pages = await pagesOf(server, key);
  for (const theme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ viewport: size, colorScheme: theme, baseURL: server.url });
    const page = await context.newPage();
    await signIn(page, server.url, key);
    for (const [name, path] of Object.entries(pages)) await shoot(page, `${name}-${theme}`, path);
    await context.close();
  }
} finally {
  await browser.close();
  await server.stop();
}
