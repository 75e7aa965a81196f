import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { type Console, startConsole } from './browser.ts';

inBrowser('The overview before anything has run', () => {
  let console_: Console;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    page = await console_.open();
  });
  afterAll(() => console_?.stop());

  test('its commands leave the key of the terminal alone, and a button loads the demo and shows it', async () => {
    await page.goto(`${console_.gateway.server.url}/`);
    const make = page.getByLabel('Command to make a key', { exact: true });
    await make.waitFor();
    const [, variable] = /^export (\w+)=/.exec((await make.textContent()) ?? '') ?? [];
    // What is exported under this name is the key of every `aos` that follows.
    expect(variable).not.toBe('AOS_API_KEY');
    expect(await page.getByLabel('A first call', { exact: true }).textContent()).toContain(`Bearer $${variable}`);
    await page.getByRole('button', { name: 'Load demo data' }).click();
    await page.getByRole('button', { name: 'Project: default / demo' }).waitFor();
    await page.getByText('Everything here is synthetic').waitFor();
    await page.getByRole('heading', { name: /Needs attention/ }).waitFor();
  });
});
