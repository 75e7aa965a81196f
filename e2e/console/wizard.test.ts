import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser, launchBrowser } from '../parts/browser.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

inBrowser('The policy wizard in a browser', () => {
  let gateway: Gateway;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(60_000);
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  }, 60_000);

  test('a daily cap is made by keyboard alone and is active in shadow', { timeout: 240_000 }, async () => {
    const { keyboard } = page;
    const heading = (name: string) => page.getByRole('heading', { name, exact: true });
    await page.goto(`${gateway.server.url}/policies/new?template=daily-cap`);
    await page.getByLabel('Admin key').focus();
    await keyboard.insertText(gateway.server.admin_key);
    await keyboard.press('Enter');

    await heading('New policy').waitFor();
    await page.getByLabel('Which agents, by name or id', { exact: true }).focus();
    await keyboard.type('support-bot');
    await keyboard.press('Enter');
    await page.getByRole('button', { name: 'Remove support-bot' }).waitFor();

    await keyboard.press('Alt+3');
    await heading('Limit').waitFor();
    await page.getByLabel('At most (USD)').focus();
    await keyboard.press('Control+a');
    await keyboard.type('0');
    await page.getByText('Go to Limit').first().waitFor({ state: 'hidden' });
    await keyboard.press('Control+a');
    await keyboard.type('7.50');
    await page.getByText(/In shadow, calls of agent support-bot .*7\.50/).waitFor();
    await page.getByText('No run of this target in this time').waitFor();

    await keyboard.press('Control+Enter');
    await heading('Save & activate').waitFor();
    await page.getByRole('button', { name: 'Start in shadow' }).focus();
    await keyboard.press('Enter');
    await page.getByText('Say why, in a few words.').waitFor();
    await page.getByRole('textbox', { name: 'Reason' }).focus();
    await keyboard.type('A first cap');
    await page.getByRole('button', { name: 'Start in shadow' }).focus();
    await keyboard.press('Enter');
    await page.waitForURL(/\/policies\/pol_/);

    const { body } = await gateway.admin.get<{ items: unknown[] }>('/api/v1/policies');
    expect(body.items).toEqual([
      expect.objectContaining({
        status: 'active',
        mode: 'shadow',
        target: expect.objectContaining({ kind: 'agent', ids: ['support-bot'] }),
        controls: [
          expect.objectContaining({ action: 'block', limit: expect.objectContaining({ max: '7.500000000' }) }),
        ],
      }),
    ]);
  });
});
