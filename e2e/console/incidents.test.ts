import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { api, expectStatus, waitFor } from '../parts/client.ts';
import { limitAgent } from '../parts/gateway.ts';
import { barriersInThemes } from './barriers.ts';
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

  test('are opened by hand on a run that has none, and stand on it', async () => {
    const { gateway } = console_;
    const body = { model: 'mock-small', messages: [{ role: 'user', content: 'Promise a refund' }] };
    const answer = await gateway.admin.post('/v1/chat/completions', body);
    const admin = await console_.open();
    await admin.goto(`${gateway.server.url}/runs/${answer.headers.get('x-aos-run-id')}`);
    await admin.getByRole('button', { name: 'Open incident…' }).click();
    const dialog = admin.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('A customer called');
    await dialog.getByRole('button', { name: 'Open incident' }).click();
    await dialog.getByText('Say what happened, in a line.').waitFor();
    expect.soft(await barriersInThemes(admin)).toEqual([]);
    await dialog.getByLabel('What happened').fill('It promised a refund');
    await dialog.getByLabel('Severity').selectOption('HIGH');
    await dialog.getByRole('button', { name: 'Open incident' }).click();
    await admin.waitForURL(/\/incidents\/inc_/);
    await admin.getByText('A customer called').waitFor();
    await admin.goBack();
    await admin.getByRole('region', { name: 'Incident of this run' }).getByText('It promised a refund').waitFor();
    expect(await admin.getByRole('button', { name: 'Open incident…' }).count()).toBe(0);
    await admin.close();
  });

  test('in which no policy had a part are filtered by words', async () => {
    await goTo('/incidents?policy=SYSTEM_DEFAULT');
    const filters = page.getByRole('search', { name: 'Filters' });
    await filters.getByText('policy no policy').waitFor();
    await filters.getByRole('button', { name: /^Policy/ }).click();
    await page.getByRole('menuitemcheckbox', { name: /^no policy/ }).waitFor();
    expect(await page.getByText('SYSTEM_DEFAULT').count()).toBe(0);
  });

  test('of a group only those that are listed are resolved, and taking it back makes them what they were', async () => {
    const { gateway } = console_;
    const limit = { type: 'requests', max: 1, window: { per: 'day' } };
    await limitAgent(gateway, 'greedy-bot', { limit, action: 'block' });
    const headers = { 'x-aos-agent-id': 'greedy-bot' };
    const body = { model: 'mock-small', messages: [{ role: 'user', content: 'More' }] };
    for (const _ of [1, 2, 3, 4]) await gateway.admin.post('/v1/chat/completions', body, { headers });
    const of_greedy = "from incidents where title like '%greedy-bot%'";
    const ids = await waitFor(
      async () => {
        const found = await gateway.rows<{ id: string }>(`select id ${of_greedy} order by id`);
        return found.length === 3 && found.map(({ id }) => id);
      },
      { what: 'three incidents' },
    );
    const path = `/api/v1/incidents/${ids[0]}/acknowledge`;
    expectStatus(200, await gateway.admin.post(path, { hours: 9, reason: 'It is mine' }));
    const states = async () =>
      (await gateway.rows<{ status: string }>(`select status ${of_greedy} order by id`)).map(({ status }) => status);
    const until = () => gateway.rows(`select acknowledged_until ${of_greedy} order by id limit 1`);
    const before = await until();

    const admin = await console_.open();
    const resolve = async (state: string, said: string) => {
      await admin.goto(`${gateway.server.url}/incidents?state=${state}&agent=greedy-bot`);
      await settled(admin);
      await admin.getByRole('grid').focus();
      await admin.getByRole('grid').getByText('greedy-bot').first().waitFor();
      await admin.keyboard.press('r');
      const dialog = admin.getByRole('dialog');
      await dialog.getByText(said).waitFor();
      await dialog.getByRole('textbox', { name: 'Reason' }).fill('A test of its limits');
      await admin.keyboard.press('Control+Enter');
      await dialog.waitFor({ state: 'hidden' });
    };
    await resolve('open', '2 alike in');
    await admin.getByText('Resolved: 2 incidents of for greedy-bot, greedy-bot').waitFor();
    expect(await states()).toEqual(['acknowledged', 'resolved', 'resolved']);
    await resolve('acknowledged', '1 alike in');
    await admin.getByText('Resolved: for greedy-bot, greedy-bot').waitFor();
    expect(await states()).toEqual(['resolved', 'resolved', 'resolved']);
    await admin.getByRole('button', { name: 'Undo' }).last().click();
    await admin.getByText('As before: 1 incident').waitFor();
    expect(await states()).toEqual(['acknowledged', 'resolved', 'resolved']);
    const minutes = (rows: object[]) =>
      Math.round(Date.parse(Object.values(rows[0] ?? {}).map(String)[0] ?? '') / 60_000);
    expect(Math.abs(minutes(await until()) - minutes(before))).toBeLessThanOrEqual(1);
    await admin.close();
  });
});
