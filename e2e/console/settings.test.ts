import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signedIn } from '../http/person.ts';
import { inBrowser } from '../parts/browser.ts';
import { expectStatus } from '../parts/client.ts';
import { say } from '../parts/gateway.ts';
import { type Console, startConsole } from './browser.ts';

inBrowser('Settings and limits in a browser', () => {
  let console_: Console;
  let page: Page;
  const open = (path: string) => page.goto(`${console_.gateway.server.url}${path}`);

  beforeAll(async () => {
    console_ = await startConsole();
    page = await console_.open();
  });
  afterAll(() => console_?.stop());

  test('without a numeric limit the page says for how many projects spend is unlimited', async () => {
    const { admin } = console_.gateway;
    expectStatus(201, await admin.post('/api/v1/projects', { slug: 'second' }));
    await open('/limits');
    const projects = page.getByRole('link', { name: '2 projects' });
    await projects.waitFor();
    expect(await projects.getAttribute('href')).toBe('/settings/projects');
  });

  test('a model that is called and has no price is a row that leads to its price', async () => {
    const { admin } = console_.gateway;
    const ask = () => admin.post('/v1/chat/completions', { model: 'mock-unknown-price', messages: say() });
    for (let n = 0; n < 2; n++) expectStatus(200, await ask());
    await console_.gateway.untilSettled();
    await open('/settings/prices?model=mock-unknown-price');
    const row = page.getByRole('row').filter({ hasText: 'mock-unknown-price' });
    await row.getByText('Unknown', { exact: true }).waitFor();
    await row.getByText('price unknown').waitFor();
    expect(await row.getByRole('link', { name: '2 calls in 30 days' }).getAttribute('href')).toBe(
      '/activity/completed?model=mock-unknown-price&cost=unknown',
    );
    await row.getByRole('button', { name: 'Set its price…' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Model').inputValue()).toBe('mock-unknown-price');
    await dialog.getByLabel('Input, USD').fill('2');
    await dialog.getByLabel('Reason').fill('As on the list of the provider');
    await dialog.getByRole('button', { name: 'Set the price' }).click();
    // Rows under the pointer keep still.
    await page.mouse.move(2, 2);
    await row.getByText('In force').waitFor();
    await page.getByText('calls that had none in 30 days stay without').waitFor();

    await open('/settings/prices?model=gpt-4o');
    await page.getByRole('row').filter({ hasText: 'gpt-4o' }).first().waitFor();
    expect(await page.getByRole('row').filter({ hasText: 'mock-unknown-price' }).count()).toBe(0);
  });

  test('an override begins with every rate of the price it replaces, and keeps those that are not touched', async () => {
    const { admin } = console_.gateway;
    type Price = { source: string; tiers: { above_input_tokens: number; rates: Record<string, string> }[] };
    const pricesOf = async () => {
      const found = await admin.get<{ items: Price[] }>('/api/v1/prices?provider=anthropic&model=claude-sonnet-4-5');
      return expectStatus(200, found).items;
    };
    const [book] = await pricesOf();
    expect(book?.tiers.map((of) => of.above_input_tokens)).toEqual([0, 200_000]);
    expect(book?.tiers[0]?.rates.cached_input).toBeDefined();
    await open('/settings/prices?provider=anthropic&model=claude-sonnet-4-5');
    await page.getByRole('row').filter({ hasText: 'claude-sonnet-4-5' }).click();
    await page.getByRole('button', { name: 'Override…' }).click();
    const dialog = page.getByRole('dialog').filter({ hasText: 'Set a price' });
    const above = dialog.getByRole('group', { name: 'Price above 200,000 input tokens' });
    expect(await above.getByLabel('Cached tokens').inputValue()).toBe(book?.tiers[1]?.rates.cached_input);
    await dialog.getByRole('group', { name: 'Price', exact: true }).getByLabel('Output, USD').fill('14');
    await dialog.getByLabel('Reason').fill('A discount');
    await dialog.getByRole('button', { name: 'Set the price' }).click();
    await page.getByText('has its price from now on').waitFor();
    const own = (await pricesOf()).find(({ source }) => source === 'manual');
    const expected = structuredClone(book?.tiers);
    if (expected?.[0]) expected[0].rates.output = '14';
    expect(own?.tiers).toEqual(expected);
  });

  test('a provider gets another key and becomes the default', async () => {
    const { admin } = console_.gateway;
    type Provider = { slug: string; default_model: string | null; updated_at: string };
    const openai = async () => expectStatus(200, await admin.get<Provider>('/api/v1/providers/openai'));
    const before = await openai();
    await open('/settings/providers');
    await page.getByRole('row').filter({ hasText: 'openai' }).first().click();
    await page.getByRole('button', { name: 'Change key…' }).click();
    const dialog = page.getByRole('dialog').filter({ hasText: 'Change the key of openai' });
    await dialog.getByLabel('New key').fill('sk-another-key');
    await dialog.getByRole('button', { name: 'Change the key' }).click();
    await page.getByText('openai has its new key').waitFor();
    expect((await openai()).updated_at).not.toBe(before.updated_at);
    await page.getByRole('button', { name: 'Use as default…' }).click();
    const use = page.getByRole('dialog').filter({ hasText: 'Use openai as default' });
    await use.getByLabel('Model').fill('gpt-4o-mini');
    await use.getByRole('button', { name: 'Use as default' }).click();
    await page.getByText('go to openai/gpt-4o-mini now').waitFor();
    expect((await openai()).default_model).toBe('gpt-4o-mini');
    expectStatus(200, await admin.post('/api/v1/providers/mock/use', { model: 'mock-small' }));
  });

  test('an agent is registered before its first call', async () => {
    const { admin } = console_.gateway;
    await open('/settings/agents');
    await page.getByRole('button', { name: 'New agent' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Register the agent' }).click();
    await dialog.getByText('Give it a short name.').waitFor();
    await dialog.getByLabel('Short name').fill('night-shift');
    await dialog.getByLabel('Owner').fill('Operations');
    await dialog.getByRole('button', { name: 'Register the agent' }).click();
    await page.getByRole('row').filter({ hasText: 'night-shift' }).waitFor();
    expect(expectStatus(200, await admin.get('/api/v1/agents/night-shift'))).toMatchObject({
      ...{ owner: 'Operations', auto_registered: false },
    });
  });

  test('a person who is contained needs attention on the overview, and is released under System health', async () => {
    const { admin } = console_.gateway;
    expectStatus(201, await admin.post('/api/v1/actors', { slug: 'ana' }));
    expectStatus(201, await admin.post('/api/v1/containments', { kind: 'actor', id: 'ana', reason: 'she left' }));
    await open('/');
    await page.getByRole('link', { name: 'Release: The human ana is stopped: she left' }).click();
    await page.getByRole('button', { name: 'Release ana…' }).click();
    await page.getByLabel('Reason').fill('she is back');
    await page.getByRole('dialog').getByRole('button', { name: 'Release', exact: true }).click();
    await page.getByText('Nothing is contained.').waitFor();
    const { items } = expectStatus(200, await admin.get<{ items: unknown[] }>('/api/v1/containments?in_force=true'));
    expect(items).toEqual([]);
  });

  test('two people are asked for, what one writes waits for the other, and is enforced by them with a reason', async () => {
    const { admin } = console_.gateway;
    const ann = await signedIn(admin, 'ann@example.com');
    await open('/settings/members');
    await page
      .getByRole('row')
      .filter({ hasText: 'default' })
      .getByRole('button', { name: 'Ask for two people…' })
      .click();
    await page.getByLabel('Reason').fill('Money is at stake');
    await page.getByRole('dialog').getByRole('button', { name: 'Ask for two people' }).click();
    await page.getByRole('button', { name: 'Turn off…' }).waitFor();

    await open('/policies/new?template=daily-cap&agent=bot');
    await page
      .getByRole('button', { name: /Save & activate/ })
      .first()
      .click();
    await page.getByLabel(/^Enforce/).check();
    await page.getByText('Somebody else must enforce it').waitFor();
    await page.getByRole('button', { name: 'Review', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('It may reach calls of project default').waitFor();
    expect(await dialog.getByRole('button', { name: 'Activate now' }).isDisabled()).toBe(true);
    await page.getByLabel('Reason').fill('The first cap');
    await dialog.getByRole('button', { name: 'Save as draft' }).click();
    await page.getByText('Waiting for a second person').waitFor();
    expect(await page.getByRole('button', { name: 'Enforce…' }).isDisabled()).toBe(true);

    const document = {
      target: { kind: 'all_runs' },
      controls: [{ limit: { type: 'steps', max: 9, window: { per: 'run' } }, action: 'warn' }],
    };
    const made = await ann.post<{ id: string }>('/api/v1/policies', { name: 'By Ann', ...document });
    const { id } = expectStatus(201, made);
    expectStatus(403, await ann.post(`/api/v1/policies/${id}/activate`, { reason: 'alone' }));
    await open(`/policies/${id}`);
    await page.getByText('ann@example.com wrote it, and you may enforce it').waitFor();
    await page.getByRole('button', { name: 'Enforce…' }).click();
    await page.getByLabel('Reason').fill('I have read it');
    await dialog.getByRole('button', { name: 'Put in force' }).click();
    await page.getByText('ann@example.com wrote it').waitFor({ state: 'detached' });
    expect((await ann.get<{ mode: string; status: string }>(`/api/v1/policies/${id}`)).body).toMatchObject({
      status: 'active',
      mode: 'enforce',
    });
  });

  test('every agent says how many runs it had in a week, the hundred busiest or not', async () => {
    const { admin } = console_.gateway;
    for (let first = 0; first < 104; first += 8) {
      const making = Array.from({ length: 8 }, (_, n) =>
        admin.post('/api/v1/agents', { slug: `worker-${String(first + n).padStart(3, '0')}` }),
      );
      for (const made of await Promise.all(making)) expectStatus(201, made);
    }
    for (const name of ['worker-103', 'worker-000']) {
      await open(`/settings/agents?q=${name}`);
      await page.getByRole('row').filter({ hasText: name }).getByRole('link', { name: '0', exact: true }).waitFor();
    }
  });
});
