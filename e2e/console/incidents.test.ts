import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { api, expectStatus } from '../parts/client.ts';
import { type Console, settled, startConsole } from './browser.ts';
import { loadDemo } from './demo.ts';

inBrowser('Incidents in the console', () => {
  let console_: Console;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    const key = await loadDemo(console_.gateway.server, { runs: 60, days: 2 });
    const demo = api(console_.gateway.server, key);
    const { items } = expectStatus(200, await demo.get<{ items: { id: string }[] }>('/api/v1/incidents?limit=1'));
    const body = { owner: 'night shift' };
    expectStatus(200, await demo.post(`/api/v1/incidents/${items[0]?.id}/assign`, body));
    page = await console_.open({ key });
  });
  afterAll(async () => {
    await console_?.stop();
  });

  const goTo = async (path: string) => {
    await page.goto(`${console_.gateway.server.url}${path}`);
    await settled(page);
  };

  test.each([1_440, 1_200])(
    'say at %d px how old they are and who looks after them, without scrolling',
    async (width) => {
      await page.setViewportSize({ width, height: 900 });
      for (const state of ['open', 'acknowledged']) {
        await goTo(`/incidents?state=${state}`);
        const beyond =
          "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('[role=grid]'))";
        expect([state, await page.evaluate(beyond)]).toEqual([state, 0]);
        for (const name of ['Age', 'Owner']) await page.getByRole('columnheader', { name, exact: true }).waitFor();
      }
      await goTo('/incidents');
      const rows = page.getByRole('grid').getByRole('row');
      await rows
        .nth(1)
        .getByRole('gridcell', { name: /^(\d+ s|\d+ [mhd] \d+ [smh])$/ })
        .waitFor();
    },
  );

  test('say the same at 390 px, in rows of three lines', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await goTo('/incidents');
    const row = page.getByRole('grid').getByRole('row').nth(1);
    for (const said of [/^(\d+ s|\d+ [mhd] \d+ [smh]) old$/, /^(no owner|night shift) · /]) {
      const at = await row.getByText(said).boundingBox();
      expect(at?.x ?? -1).toBeGreaterThanOrEqual(0);
      // A line that is too long is cut at its end, behind what was looked for.
      expect((at?.x ?? 390) + 60).toBeLessThanOrEqual(390);
    }
  });

  test('in which no policy had a part are filtered by words', async () => {
    await goTo('/incidents?policy=SYSTEM_DEFAULT');
    const filters = page.getByRole('search', { name: 'Filters' });
    await filters.getByText('policy no policy').waitFor();
    await filters.getByRole('button', { name: /^Policy/ }).click();
    await page.getByRole('menuitemcheckbox', { name: /^no policy/ }).waitFor();
    expect(await page.getByText('SYSTEM_DEFAULT').count()).toBe(0);
  });
});
