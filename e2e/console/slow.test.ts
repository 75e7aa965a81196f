import pg from 'pg';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { expectStatus, waitFor } from '../parts/client.ts';
import { type Console, settled, startConsole } from './browser.ts';

inBrowser('What loads for long in the console', () => {
  let console_: Console;
  let page: Page;
  let direct: pg.Client;
  let agent_id: string;

  beforeAll(async () => {
    console_ = await startConsole();
    const agent = { slug: 'patient-bot' };
    agent_id = expectStatus(201, await console_.gateway.admin.post<{ id: string }>('/api/v1/agents', agent)).id;
    page = await console_.open();
    direct = new pg.Client({ connectionString: console_.gateway.database.url });
    await direct.connect();
  });
  afterAll(async () => {
    await direct?.end();
    await console_?.stop();
  });

  test('says what it is after two seconds, can be given up after ten, and is asked again only by the reader', async () => {
    const asked: string[] = [];
    const ended: string[] = [];
    const is_list = (url: string) => new URL(url).pathname === '/api/v1/agents';
    page.on('request', (request) => is_list(request.url()) && asked.push(request.url()));
    page.on('requestfailed', (request) => is_list(request.url()) && ended.push(request.failure()?.errorText ?? ''));
    // The real list on the real database, which cannot read the table while somebody holds it.
    await direct.query('begin; lock table aos.agents in access exclusive mode');
    // The clock of the page goes on only when it is told to: how long it waits does not depend on the machine.
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    await page.goto(`${console_.gateway.server.url}/settings/agents`);
    const list = page.getByRole('grid', { name: 'Agents' });
    const unseen = list.getByRole('status', { name: 'Loading agents', includeHidden: true });
    const there = async () => {
      await page.clock.runFor(1);
      return (await unseen.count()) === 1;
    };
    await waitFor(there, { what: 'the list that loads, unseen' });
    expect(await unseen.isVisible()).toBe(false);
    const begun = async () => {
      await page.clock.runFor(20);
      return list.getByRole('status').isVisible();
    };
    await waitFor(begun, { what: 'the list that loads' });
    expect(await list.getByText('Loading agents').count()).toBe(0);
    await page.clock.runFor(2_000);
    await list.getByText('Loading agents …').waitFor();
    expect(await list.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
    await page.clock.runFor(8_000);
    await list.getByText('Loading agents: the server has not answered for 10 s.').waitFor();
    await page.clock.resume();
    await list.getByRole('button', { name: 'Cancel' }).click();
    await list.getByText(/^You cancelled it after \d+ s without an answer/).waitFor();
    await waitFor(() => ended.includes('net::ERR_ABORTED'), { what: 'the end of the request' });
    const before = asked.length;
    await direct.query('rollback');
    // What happens elsewhere makes a page ask again; what was given up it leaves alone.
    await page.clock.fastForward(11_000);
    await page.waitForTimeout(1_000);
    expect(asked.length).toBe(before);
    await list.getByRole('button', { name: 'Try again' }).click();
    await list.getByText('patient-bot').first().waitFor();
    await settled(page);
  });

  test('stays as it was and says of when while the server is away, refuses what is done, and goes on by itself', async () => {
    const { gateway } = console_;
    const agents = page.getByRole('grid', { name: 'Agents' });
    const stale = page.getByText(
      /^Live updates stopped (\d\d:){2}\d\d UTC — reconnecting\. Numbers are from (\d\d:){2}\d\d UTC/,
    );
    await page.goto(`${gateway.server.url}/settings/agents?peek=${agent_id}`);
    await page.getByRole('button', { name: 'Contain…' }).waitFor();
    await page.getByRole('button', { name: 'live', exact: true }).waitFor();
    await page.evaluate('window.is_same = true');
    await gateway.restart(async () => {
      await stale.waitFor();
      await page.getByRole('button', { name: 'stale', exact: true }).waitFor();
      await page.getByRole('button', { name: 'Contain…' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox', { name: 'Reason' }).fill('Nobody hears it');
      await dialog.getByRole('button', { name: 'Contain now' }).click();
      await dialog.getByText(/nothing is kept to be done later/).waitFor();
      // Longer than the session is asked for again.
      const session = page.waitForRequest((request) => new URL(request.url()).pathname === '/api/v1/session');
      await page.clock.fastForward(65_000);
      await session;
      await page.waitForTimeout(1_000);
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      expect(await agents.getByText('patient-bot').count()).toBeGreaterThan(0);
    });
    await page.getByRole('button', { name: 'live', exact: true }).waitFor();
    await stale.waitFor({ state: 'detached' });
    expectStatus(201, await gateway.admin.post('/api/v1/agents', { slug: 'later-bot' }));
    // A list that somebody looks at a row of says what is new, and does not move.
    await page.getByRole('button', { name: '1 new' }).waitFor();
    expect(await page.evaluate('window.is_same')).toBe(true);
    const stops = expectStatus(200, await gateway.admin.get<{ items: unknown[] }>('/api/v1/containments'));
    expect(stops.items).toEqual([]);
  });

  test('refuses at once what is done while the browser knows of no network, and does not do it later', async () => {
    await page.goto(`${console_.gateway.server.url}/settings/agents?peek=${agent_id}`);
    await page.getByRole('button', { name: 'Contain…' }).waitFor();
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Contain…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('Nobody hears it');
    await dialog.getByRole('button', { name: 'Contain now' }).click();
    await dialog.getByText(/nothing is kept to be done later/).waitFor();
    await page.context().setOffline(false);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'live', exact: true }).waitFor();
    await page.waitForTimeout(2_000);
    const { admin } = console_.gateway;
    expect(expectStatus(200, await admin.get<{ items: unknown[] }>('/api/v1/containments')).items).toEqual([]);
  });
});
