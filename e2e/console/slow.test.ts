import pg from 'pg';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectStatus, waitFor } from '../parts/client.ts';
import { type Console, no_browser, settled, startConsole } from './browser.ts';

describe.skipIf(no_browser !== '')(`What loads for long in the console${no_browser}`, () => {
  let console_: Console;
  let page: Page;
  let direct: pg.Client;

  beforeAll(async () => {
    console_ = await startConsole();
    expectStatus(201, await console_.gateway.admin.post('/api/v1/agents', { slug: 'patient-bot' }));
    page = await console_.open();
    direct = new pg.Client({ connectionString: console_.gateway.database.url });
    await direct.connect();
  }, 240_000);
  afterAll(async () => {
    await direct?.end();
    await console_?.stop();
  }, 60_000);

  test('says what it is after two seconds, can be given up after ten, and is asked again only by the reader', {
    timeout: 120_000,
  }, async () => {
    const asked: string[] = [];
    const ended: string[] = [];
    const is_list = (url: string) => new URL(url).pathname === '/api/v1/agents';
    page.on('request', (request) => is_list(request.url()) && asked.push(request.url()));
    page.on('requestfailed', (request) => is_list(request.url()) && ended.push(request.failure()?.errorText ?? ''));
    // The real list on the real database, which cannot read the table while somebody holds it.
    await direct.query('begin; lock table aos.agents in access exclusive mode');
    await page.goto(`${console_.gateway.server.url}/settings/agents`);
    const list = page.getByRole('grid', { name: 'Agents' });
    await list.getByRole('status').waitFor();
    expect(await list.getByText('Loading agents').count()).toBe(0);
    await list.getByText('Loading agents …').waitFor({ timeout: 8_000 });
    expect(await list.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
    await list.getByText('Loading agents: the server has not answered for 10 s.').waitFor({ timeout: 20_000 });
    await list.getByRole('button', { name: 'Cancel' }).click();
    await list.getByText(/^You cancelled it after \d+ s without an answer/).waitFor();
    await waitFor(() => ended.includes('net::ERR_ABORTED'), { what: 'the end of the request' });
    const before = asked.length;
    await direct.query('rollback');
    // What happens elsewhere makes a page ask again; what was given up it leaves alone.
    await page.waitForTimeout(11_000);
    expect(asked.length).toBe(before);
    await list.getByRole('button', { name: 'Try again' }).click();
    await list.getByText('patient-bot').first().waitFor();
    await settled(page);
  });
});
