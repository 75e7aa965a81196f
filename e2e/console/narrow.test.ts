import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, expectStatus } from '../parts/client.ts';
import { type Console, no_browser, settled, startConsole } from './browser.ts';
import { loadDemo } from './demo.ts';
import { pagesOf } from './pages.ts';

const width = 320;
const details = ['run', 'policy', 'incident', 'decision'];

describe.skipIf(no_browser !== '')(`A window of ${width} px${no_browser}`, () => {
  let console_: Console;
  let pages: Record<string, string>;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    const key = await loadDemo(console_.gateway.server, { runs: 60, days: 2 });
    pages = await pagesOf(console_.gateway.server, key);
    // One that has stopped calls says whom it met.
    const { items } = expectStatus(
      200,
      await api(console_.gateway.server).get<{ items: { id: string; name: string }[] }>('/api/v1/policies?limit=50'),
    );
    pages.policy = `/policies/${items.find(({ name }) => name === 'Support bot daily cap')?.id}`;
    page = await console_.open({ key, width });
  }, 240_000);
  afterAll(async () => {
    await console_?.stop();
  }, 60_000);

  test.each(details)('holds the page of a %s, which does not scroll sideways', { timeout: 60_000 }, async (name) => {
    await page.goto(`${console_.gateway.server.url}${pages[name]}`);
    await settled(page);
    const widths = await page.evaluate(
      "[document.scrollingElement.scrollWidth, document.querySelector('main').scrollWidth]",
    );
    expect(widths).toEqual([width, width]);
    const account = await page.getByRole('button', { name: /^Account/ }).boundingBox();
    expect((account?.x ?? width) + (account?.width ?? 0)).toBeLessThanOrEqual(width);
  });
});
