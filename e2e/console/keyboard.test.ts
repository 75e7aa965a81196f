import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser, launchBrowser, openPage } from '../parts/browser.ts';
import { api, expectStatus, openaiClient, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, say, startGateway } from '../parts/gateway.ts';

inBrowser('The console by keyboard alone', () => {
  let gateway: Gateway;
  let browser: Browser;
  let page: Page;
  /** The key that the first test makes, for the calls of the others. */
  let secret = '';

  beforeAll(async () => {
    [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
    page = await openPage(browser);
    await page.goto(gateway.server.url);
    await focused(page.getByLabel('Admin key'));
    await page.keyboard.insertText(gateway.server.admin_key);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  const press = (...keys: string[]) =>
    keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  const type = (text: string) => page.keyboard.insertText(text);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  /** What opens takes the focus a moment after it is seen: only then is it written into. */
  const focused = (target: Locator) => target.and(page.locator(':focus')).waitFor();
  const title = (name: string) => expect.poll(() => page.title()).toBe(`${name} · AOS`);
  const most_stops = 150;

  /** Goes on with Tab until this has the focus, as somebody without a mouse does. */
  async function tabTo(target: Locator): Promise<void> {
    await target.waitFor();
    for (let stop = 0; stop < most_stops; stop++) {
      if ((await target.and(page.locator(':focus')).count()) > 0) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`Tab never reached ${target}`);
  }

  /** Puts the cursor into the list and waits until it holds a row. */
  async function intoList(label: string, text: string): Promise<void> {
    const grid = page.getByRole('grid', { name: label });
    await grid.getByText(text).first().waitFor();
    await tabTo(grid);
  }

  const callAs = (agent: string, directive: object = {}) =>
    openaiClient(gateway.server, secret, {
      defaultHeaders: { 'x-aos-agent-id': agent },
      maxRetries: 0,
    }).chat.completions.create({
      model: 'gpt-4o-mini',
      messages: say(directive),
      stream: true,
    });

  test('a key is made, and left only when it is said to be stored', async () => {
    await press('g', 's');
    await title('API keys');
    await tabTo(button('New key'));
    await press('Enter');
    await focused(page.getByLabel('Name', { exact: true }));
    await type('By keyboard');
    await press('Enter');
    const dialog = page.getByRole('dialog');
    secret = (await dialog.locator('code').first().textContent()) ?? '';
    expect(secret).toMatch(/^aos_live_/);
    await press('Escape');
    await tabTo(page.getByLabel(/I stored it/));
    await press('Space');
    await tabTo(button('Done'));
    await press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('grid').getByText('By keyboard').waitFor();
    expectStatus(200, await api(gateway.server, secret).get('/v1/models'));
  });

  test('a policy is written, previewed, started in shadow and put in force', async () => {
    for (const _ of [1, 2]) for await (const _chunk of await callAs('typed-bot'));
    await press('g', 'p');
    await title('Policies');
    await tabTo(button('New policy'));
    await press('Enter');
    await title('New policy');
    await tabTo(page.getByLabel('Which agents, by name or id', { exact: true }));
    await type('typed-bot');
    await press('Enter', 'Alt+3');
    await tabTo(page.getByLabel('At most (USD)'));
    await press('Control+a');
    await type('0.000001');
    const preview = page.getByRole('region', { name: 'Preview' });
    await preview.getByText('2 of 2 runs would be stopped').filter({ visible: true }).waitFor();
    await press('Control+a');
    await type('7.50');
    await page.getByText(/In shadow, calls of agent typed-bot .*7\.50/).waitFor();
    await preview.getByText('0 of 2 runs would be stopped').filter({ visible: true }).waitFor();
    await press('Control+Enter');
    await tabTo(page.getByRole('textbox', { name: 'Reason' }));
    await type('A first cap');
    await tabTo(button('Start in shadow'));
    await press('Enter');
    await page.waitForURL(/\/policies\/pol_/);
    await tabTo(button('Enforce…'));
    await press('Enter');
    await focused(page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }));
    await type('It stopped nobody it should not');
    await press('Control+Enter');
    await page.getByText('In force', { exact: true }).waitFor();
    const { body } = await gateway.admin.get<{ items: object[] }>('/api/v1/policies?q=typed-bot');
    expect(body.items).toMatchObject([{ status: 'active', mode: 'enforce' }]);
  });

  test('a run under way is watched and killed, and its provider sees the connection close', async () => {
    const stream = await callAs('typed-bot', { stall_after_chunks: 2 });
    const ended = (async () => {
      for await (const _ of stream);
    })().catch((error: Error) => error);
    await press('g', 'a');
    await title('Live runs');
    await intoList('Live runs', 'typed-bot');
    await press('Enter');
    await expect.poll(() => page.title()).toMatch(/^Run /);
    await page.getByText('Running', { exact: true }).first().waitFor();
    expect(gateway.stub.log.at(-1)?.closed_at).toBeNull();
    await press('Shift+K');
    await focused(page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }));
    await type('It hangs');
    await press('Control+Enter');
    await page.getByText('The run is killed').waitFor();
    await expect.poll(() => gateway.stub.log.at(-1)?.closed_by).toBe('client');
    expect(String(await ended)).toContain('It hangs');
    await tabTo(button('Close'));
    await press('Enter');
    await page.getByText('Running', { exact: true }).first().waitFor({ state: 'detached' });
  });

  test('an incident is acknowledged, and resolved with its cause and a reason', async () => {
    await limitAgent(gateway, 'greedy-bot', {
      limit: { type: 'requests', max: 1, window: { per: 'day' } },
      action: 'block',
    });
    for await (const _ of await callAs('greedy-bot'));
    await callAs('greedy-bot').catch(() => undefined);
    await waitFor(async () => (await gateway.rows('select from incidents')).length > 0, { what: 'the incident' });
    await press('g', 'i');
    await title('Incidents');
    await intoList('Open incidents', 'greedy-bot');
    await press('e');
    await page.getByText('Acknowledged for 4 h').waitFor();
    await tabTo(page.getByRole('link', { name: /^Acknowledged/ }));
    await press('Enter');
    await intoList('Acknowledged incidents', 'greedy-bot');
    await press('r');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/A real breach/).waitFor();
    await tabTo(dialog.getByLabel(/A real breach/));
    await press('ArrowDown');
    await tabTo(dialog.getByRole('textbox', { name: 'Reason' }));
    await type('A test of its limits');
    await press('Control+Enter');
    await page.getByText('Resolved', { exact: false }).first().waitFor();
    await dialog.waitFor({ state: 'hidden' });
    expect(
      await gateway.rows("select status, cause, resolution from incidents where title like '%greedy-bot%'"),
    ).toEqual([{ status: 'resolved', cause: 'expected', resolution: 'A test of its limits' }]);
  });

  test('a signal is acknowledged, found again by its state, and suppressed', async () => {
    await press('g', 'a');
    await title('Live runs');
    await tabTo(page.getByRole('link', { name: 'Signals', exact: true }));
    await press('Enter');
    await title('Signals');
    const near = page.getByRole('listitem', { name: /^for greedy-bot: 1 used of the limit/ });
    await tabTo(near.getByRole('button', { name: /^Acknowledge/ }));
    await press('Enter');
    await near.waitFor({ state: 'hidden' });
    await press('/');
    await type('status:acknowledged');
    await press('Enter');
    await tabTo(near.getByRole('button', { name: /^Suppress/ }));
    await press('Enter');
    await tabTo(page.getByRole('dialog').getByRole('textbox', { name: 'Or until it escalates' }));
    await type('often');
    await page.getByText('Write how many, in how many hours').waitFor();
    await press('Control+a');
    await type('>50/1h');
    await tabTo(page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }));
    await type('It is only a test');
    await press('Control+Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await near.waitFor({ state: 'hidden' });
    const stored = await gateway.rows(
      "select status, act_reason, escalates from signals where text like 'for greedy-bot: 1 %'",
    );
    const escalates = { more_than: 50, hours: 1 };
    expect(stored).toEqual([{ status: 'suppressed', act_reason: 'It is only a test', escalates }]);
  });

  test('a limit is raised once, with a reason, and its calls pass again', async () => {
    await press('g', 'b');
    await title('Limits & budgets');
    await page.getByRole('heading', { name: 'for greedy-bot' }).waitFor();
    await press('u');
    await focused(page.getByRole('dialog').getByLabel(/How much more/));
    await type('3');
    await tabTo(page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }));
    await type('The import needs three more');
    await press('Control+Enter');
    await page.getByText(/Raised to 4/).waitFor();
    for await (const _ of await callAs('greedy-bot'));
    const { body } = await gateway.admin.get<{ items: object[] }>('/api/v1/overrides');
    expect(body.items).toMatchObject([{ amount: '3', reason: 'The import needs three more', state: 'in_force' }]);
  });

  test('anything is found by what somebody remembers of it', async () => {
    await press('Control+k');
    await focused(page.getByPlaceholder(/Find an agent/));
    await type('greedy');
    await page
      .getByRole('option', { name: /for greedy-bot/ })
      .first()
      .waitFor();
    await expect.poll(() => page.getByRole('option', { selected: true }).textContent()).toContain('greedy-bot');
    await press('Enter');
    await page.waitForURL(/agent=greedy-bot/);
  });
});
