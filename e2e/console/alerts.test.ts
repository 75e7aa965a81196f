import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { expectStatus, waitFor } from '../parts/client.ts';
import { limitAgent, say } from '../parts/gateway.ts';
import { type Console, settled, startConsole } from './browser.ts';

interface Alert {
  id: string;
  tier: number;
  status: string;
  acknowledge_reason: string | null;
  decision_id: string;
}

inBrowser('Alerts in the console', () => {
  let console_: Console;
  let page: Page;

  const alerts = async () =>
    expectStatus(200, await console_.gateway.admin.get<{ items: Alert[] }>('/api/v1/alerts')).items;

  beforeAll(async () => {
    console_ = await startConsole();
    const limit = { type: 'requests', max: 2, window: { per: 'day' } };
    const control = { limit, action: 'block', alerts: { tiers: [50], channels: ['console'], requires_ack: true } };
    await limitAgent(console_.gateway, 'loud-bot', control);
    const headers = { 'x-aos-agent-id': 'loud-bot' };
    const body = { model: 'gpt-4o-mini', messages: say() };
    for (let n = 0; n < 2; n++) await console_.gateway.admin.post('/v1/chat/completions', body, { headers });
    await waitFor(async () => (await alerts()).length === 2, { what: 'both tiers' });
    page = await console_.open();
  });
  afterAll(() => console_?.stop());

  test('stand in a list of Activity, where those that wait for a person are looked after by a key', async () => {
    await page.goto(`${console_.gateway.server.url}/activity/live`);
    await settled(page);
    await page.getByRole('link', { name: 'Alerts', exact: true }).click();
    const list = page.getByRole('grid', { name: 'Alerts' });
    const newest = list.getByRole('row').nth(1);
    await newest.getByRole('gridcell', { name: '100 %', exact: true }).waitFor();
    await newest.getByText('Open', { exact: true }).waitFor();
    await list.focus();
    await page.keyboard.press('e');
    await page.getByText('Acknowledged: it is not told again').waitFor();
    await newest.getByText('Acknowledged', { exact: true }).waitFor();
    const [first] = await alerts();
    expect(first).toMatchObject({
      tier: 100,
      status: 'acknowledged',
      acknowledge_reason: 'Acknowledged in the console',
    });
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).getByText('Acknowledge the alert').waitFor();
    await page.keyboard.press('Escape');
  });

  test('have a page that says what was reached, by which call, and of whom it waits', async () => {
    const first = (await alerts()).find(({ tier }) => tier === 50);
    await page.goto(`${console_.gateway.server.url}/go/${first?.id}`);
    await settled(page);
    const main = page.locator('main');
    await main.getByText(/^50 % of the limit on requests of 2 .* is reached: \d used/).waitFor();
    expect(await main.getByRole('link', { name: /^dec_/ }).getAttribute('href')).toBe(`/d/${first?.decision_id}`);
    for (const to of ['/runs/', '/policies/', '/go/evt_', '/settings/deliveries?alert_id='])
      expect([to, await main.locator(`a[href^="${to}"]`).count()]).toEqual([to, 1]);
    await main.getByRole('button', { name: 'Acknowledge' }).click();
    await main.getByText('Acknowledged in the console').waitFor();
    expect((await alerts()).map(({ status }) => status)).toEqual(['acknowledged', 'acknowledged']);
  });
});
