import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectStatus } from '../parts/client.ts';
import { barriers, colours, guideline } from './barriers.ts';
import { type Console, no_browser, settled, startConsole } from './browser.ts';
import { loadDemo } from './demo.ts';
import { pagesOf } from './pages.ts';

const looks = {
  light: { width: 1440, rules: guideline },
  dark: { width: 1000, rules: colours },
};
type Theme = keyof typeof looks;

describe.skipIf(no_browser !== '')(`The pages of the console${no_browser}`, () => {
  let console_: Console;
  let pages: Record<string, string>;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    const key = await loadDemo(console_.gateway.server, { runs: 60, days: 2 });
    pages = await pagesOf(console_.gateway.server, key);
    page = await console_.open({ key });
  }, 240_000);
  afterAll(async () => {
    await console_?.stop();
  }, 60_000);

  const show = async (theme: Theme) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width: looks[theme].width, height: 900 });
  };

  /** What the page offers of itself without the console. */
  const elsewhere = async () => {
    const about = page.getByRole('button', { name: /^More about/ });
    await about.first().click();
    const items = await page.getByRole('menu').getByRole('menuitem').allTextContents();
    await page.keyboard.press('Escape');
    return (words: RegExp) => items.some((item) => words.test(item));
  };

  test('show without errors, ask nobody else, are had as a command, a request and JSON, and can be used by everybody', {
    timeout: 300_000,
  }, async () => {
    console_.problems.length = 0;
    // Each page comes up in one theme, by turns, and then follows the system into the other.
    const themes = Object.keys(looks) as Theme[];
    for (const [name, path] of Object.entries(pages)) {
      themes.reverse();
      await show(themes[0] ?? 'light');
      await page.goto(`${console_.gateway.server.url}${path}`);
      for (const theme of themes) {
        await show(theme);
        await settled(page);
        expect(await page.evaluate('document.documentElement.dataset.theme')).toBe(theme);
        expect.soft([name, theme, await barriers(page, looks[theme].rules)]).toEqual([name, theme, []]);
      }
      const has = await elsewhere();
      expect.soft([name, has(/command/), has(/^Copy as curl/), has(/JSON$/)]).toEqual([name, true, true, true]);
    }
    expect(console_.problems).toEqual([]);
  });

  test('the last step of the wizard can be used by everybody', { timeout: 120_000 }, async () => {
    await show('light');
    await page.goto(`${console_.gateway.server.url}/policies/new?template=daily-cap`);
    await settled(page);
    await page.keyboard.press('Control+Enter');
    await page.getByRole('heading', { name: 'Save & activate', exact: true }).waitFor();
    expect(await barriers(page)).toEqual([]);
  });

  test('show one project when it is chosen, after a reload too, and all again when it is gone', {
    timeout: 120_000,
  }, async () => {
    const { url } = console_.gateway.server;
    const other = await console_.open();
    const counts = async () => {
      await other.goto(`${url}/activity/completed`);
      await settled(other);
    };
    await counts();
    const of_demo = other.getByText(/^1–\d+ of /);
    expect(await of_demo.count()).toBe(0);
    await other.getByRole('button', { name: 'Project: all' }).click();
    await other.getByRole('menuitem', { name: 'demo' }).click();
    await of_demo.waitFor();
    await counts();
    await of_demo.waitFor();
    expect(await other.getByRole('button', { name: 'Project: demo' }).count()).toBe(1);
    expectStatus(200, await console_.gateway.admin.post('/api/v1/demo/remove', { reason: 'a test' }));
    await counts();
    await other.getByRole('button', { name: 'Project: all' }).waitFor();
    expect(await of_demo.count()).toBe(0);
    await other.context().close();
  });
});
