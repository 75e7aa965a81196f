import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { expectStatus } from '../parts/client.ts';
import { say } from '../parts/gateway.ts';
import { type Console, settled, startConsole } from './browser.ts';

inBrowser('Logs in the console', () => {
  let console_: Console;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    const { gateway } = console_;
    expectStatus(201, await gateway.admin.post('/api/v1/projects', { slug: 'side', name: 'Side' }));
    await gateway.openai().chat.completions.create({ model: 'gpt-4o-mini', messages: say() });
    await gateway.untilSettled();
    page = await console_.open();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  });
  afterAll(async () => {
    await console_?.stop();
  });

  const goTo = async (path: string) => {
    await page.goto(`${console_.gateway.server.url}${path}`);
    await settled(page);
  };

  test('say who acted by name, and what it made of what', async () => {
    await goTo('/logs/audit?event=PROJECT_CREATED&object_type=project');
    const row = page.getByRole('grid').getByRole('row').filter({ hasText: 'side' });
    for (const name of [/^service admin$/, /^PROJECT_CREATED$/, /slug: side/])
      await row.getByRole('gridcell', { name }).first().waitFor();
  });

  test.each([
    [
      'an id of a request',
      '/logs/audit?event=PROJECT_CREATED',
      '/api/v1/logs/audit?event=PROJECT_CREATED',
      'request_id',
    ],
    ['a hash of a prompt', '/logs?last=all', '/api/v1/logs/llm-runs', 'prompt_hash'],
  ])('show and copy %s whole when it is pressed', async (_, path, from, name) => {
    const { items } = expectStatus(200, await console_.gateway.admin.get<{ items: Record<string, string>[] }>(from));
    const whole = items.find((item) => item[name] !== null)?.[name] ?? '';
    await goTo(path);
    await page.getByRole('button', { name: 'show and copy the whole' }).first().click();
    await page.getByLabel('Messages').getByText(whole).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(whole);
  });

  test.each(['/logs?last=all', '/logs/system', '/logs/audit?last=all'])(
    'at 1,440 px all columns of %s are in sight',
    async (path) => {
      await goTo(path);
      await page.getByRole('grid').getByRole('row').nth(1).waitFor();
      const beyond =
        "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('[role=grid]'))";
      expect(await page.evaluate(beyond)).toBe(0);
    },
  );

  test('have their hashes in sight at 1,200 px', async () => {
    await page.setViewportSize({ width: 1200, height: 900 });
    await goTo('/logs?last=all');
    const grid = page.getByRole('grid');
    for (const name of ['Prompt', 'Response']) await grid.getByRole('columnheader', { name }).waitFor();
    expect(await grid.evaluate((of) => of.scrollWidth - of.clientWidth)).toBe(0);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  test('say of nothing from when to when it is, and how far back they go', async () => {
    await goTo('/logs/audit?from=2020-01-01T00:00:00.000Z&to=2020-01-02T00:00:00.000Z');
    await page.getByText('No records between Jan 1, 00:00 and Jan 2, 00:00 UTC').waitFor();
    await page.getByText(/^Oldest record kept: 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC$/).waitFor();
  });

  test('of the system begin with those of the installation for its owner', async () => {
    await goTo('/logs/system');
    await page.getByRole('gridcell', { name: 'Startup' }).first().waitFor();
  });

  test('stand still until they are asked for what is new, and follow it while their tail is on', async () => {
    const { admin } = console_.gateway;
    const make = async (slug: string) =>
      expectStatus(201, await admin.post('/api/v1/projects', { slug, name: 'Made while somebody reads' }));
    const row = (slug: string) =>
      page
        .getByRole('grid')
        .getByRole('row')
        .filter({ hasText: `slug: ${slug}` });
    await goTo('/logs/audit?event=PROJECT_CREATED&last=24h');
    await row('side').waitFor();
    await make('while-still');
    await page.getByRole('button', { name: '1 new' }).click();
    await row('while-still').waitFor();
    await make('also-still');
    await page.getByRole('button', { name: '1 new' }).waitFor();
    expect(await row('also-still').count()).toBe(0);
    await page.getByRole('button', { name: 'Tail', pressed: false }).click();
    await page.getByRole('button', { name: 'Tail', pressed: true }).waitFor();
    await row('also-still').waitFor();
    await make('while-followed');
    await row('while-followed').waitFor();
    expect(page.url()).toContain('tail=on');
    await goTo('/logs/audit?tail=on&to=2020-01-02T00:00:00.000Z');
    expect(await page.getByRole('button', { name: 'Tail' }).isDisabled()).toBe(true);
  });
});
