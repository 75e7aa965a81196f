import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { api, expectStatus, makeKey, makePolicy } from '../parts/client.ts';
import { say } from '../parts/gateway.ts';
import { type Console, startConsole } from './browser.ts';

inBrowser('The page of a policy in a browser', () => {
  let console_: Console;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    page = await console_.open({ width: 390 });
  });
  afterAll(() => console_?.stop());

  test('tells the latest calls it stopped and who is exempt, which ends there; a narrow window shows all of it', async () => {
    const { admin, server } = console_.gateway;
    const { id } = await makePolicy(admin, {
      ...{ name: 'Once a day', target: { kind: 'agent', ids: ['otter-bot'] } },
      controls: [{ limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'block' }],
    });
    const { secret } = await makeKey(admin, { name: 'Of the otter' });
    const headers = { 'x-aos-agent-id': 'otter-bot' };
    const ask = () =>
      api(server, secret).post('/v1/chat/completions', { model: 'gpt-4o-mini', messages: say() }, { headers });
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 402]);
    const exempt = { kind: 'actor', id: 'ana@example.com', hours: 4, reason: 'The desk of the day' };
    expectStatus(201, await admin.post(`/api/v1/policies/${id}/exemptions`, exempt));

    await page.goto(`${server.url}/policies/${id}`);
    const latest = page.getByRole('region', { name: 'Latest calls' }).getByRole('listitem');
    await latest.getByText('1 used of 1, 1 asked').waitFor();
    expect(await latest.textContent()).toMatch(/^Blockedotter-bot/);
    const decision = (await latest.getByRole('link', { name: /^dec_/ }).getAttribute('href')) ?? '';
    expect(decision).toMatch(/^\/d\/dec_/);
    const across = 'document.scrollingElement.scrollWidth';
    for (const tab of ['effect', 'incidents', 'audit']) {
      await page.goto(`${server.url}/policies/${id}?tab=${tab}`);
      await page
        .getByRole('listitem')
        .filter({ hasText: /otter|Policy created/ })
        .first()
        .waitFor();
      expect.soft([tab, await page.evaluate(across)]).toEqual([tab, 390]);
    }

    // As its first version it was a draft, which stops nothing.
    await page.goto(`${server.url}/policies/${id}?version=1`);
    await page.getByText('No control of it fired on such a call in 30 days.').waitFor();
    await page.goto(`${server.url}/policies/${id}?only=stopped&days=7&version=2`);
    await latest.getByText('1 used of 1, 1 asked').waitFor();
    await page.setViewportSize({ width: 1200, height: 900 });
    const filters = await page.getByRole('search', { name: 'Filters' }).boundingBox();
    expect(filters?.height, 'no taller than its lines').toBeLessThan(90);
    await page.setViewportSize({ width: 390, height: 900 });

    await page.goto(`${server.url}/policies/${id}`);
    const exceptions = page.getByRole('region', { name: 'Exceptions from it now (1)' });
    await exceptions.getByText('The desk of the day').waitFor();
    await exceptions.getByRole('button', { name: 'End now…' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('The day is over');
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
    await exceptions.waitFor({ state: 'detached' });
  });

  test('says how many calls it evaluated, what kept the others out, and who changed it', async () => {
    const { admin, server } = console_.gateway;
    const { id } = await makePolicy(admin, {
      ...{ name: 'Of a heron', target: { kind: 'agent', ids: ['heron-bot'] } },
      controls: [{ limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'block' }],
    });
    const { secret } = await makeKey(admin, { name: 'Of the swan', role: 'viewer' });
    const ask = (agent: string) =>
      admin.post(
        '/v1/chat/completions',
        { model: 'gpt-4o-mini', messages: say() },
        { headers: { 'x-aos-agent-id': agent } },
      );
    for (let n = 0; n < 2; n++) expectStatus(200, await ask('swan-bot'));
    await console_.gateway.untilSettled();
    await page.goto(`${server.url}/policies/${id}`);
    const month = page.getByRole('region', { name: 'Last 30 days' });
    await month.getByText('0 of 2 calls matched since v2.').waitFor();
    expect(await month.getByRole('list', { name: 'What kept calls out' }).textContent()).toBe(
      '2 not of agent heron-bot',
    );
    expect(await month.getByRole('link', { name: 'Explain why' }).getAttribute('href')).toBe(
      '/policies/explain?agent=heron-bot',
    );

    expectStatus(200, await ask('heron-bot'));
    await console_.gateway.untilSettled();
    const wide = await console_.open({ key: secret });
    await wide.goto(`${server.url}/policies`);
    const row = wide.getByRole('row').filter({ hasText: 'Of a heron' });
    await row.getByText('1 call', { exact: true }).waitFor();
    await row.getByText('Calls of agent heron-bot are refused once requests would exceed 1').waitFor();
    // The admin key is one of the same project; who is outside of it has no name here.
    await row.getByText(/^admin: /).waitFor();
    await wide.context().close();
  });

  test('a hypothetical call is explained with the tags and tools that a policy asks for', async () => {
    const { admin, server } = console_.gateway;
    await makePolicy(admin, {
      ...{
        name: 'Of the web',
        target: { kind: 'agent', ids: ['crane-bot'], when: { tag: ['team=web'], tool: ['search'] } },
      },
      controls: [{ limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'block' }],
    });
    const ask = async (query: string) => {
      await page.goto(`${server.url}/policies/explain?${query}`);
      await page.getByRole('button', { name: 'Explain', exact: true }).click();
    };
    await ask('agent=crane-bot&tag=team%3Dweb');
    await page.getByRole('region', { name: 'Policies that apply (0)' }).waitFor();
    await page.getByLabel('Tools it offers').fill('search');
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    await page
      .getByRole('region', { name: 'Policies that apply (1)' })
      .getByRole('link', { name: 'Of the web' })
      .waitFor();
  });
});
