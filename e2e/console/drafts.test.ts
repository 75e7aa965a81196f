import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { expectStatus, makeKey } from '../parts/client.ts';
import type { Gateway } from '../parts/gateway.ts';
import { type Console, startConsole } from './browser.ts';

interface Policy {
  id: string;
  name: string;
  status: string;
  version: number;
  controls: { limit: { max: string | number } }[];
}

inBrowser('Drafts of policies in the console', () => {
  let console_: Console;
  let gateway: Gateway;
  let here: Page;
  let there: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    ({ gateway } = console_);
    const { secret } = await makeKey(gateway.admin, { name: 'Colleague', role: 'admin' });
    // Two windows of two people: what one keeps, the other does not have.
    [here, there] = await Promise.all([console_.open(), console_.open({ key: secret })]);
  });
  afterAll(() => console_?.stop());

  const at = (path: string) => `${gateway.server.url}${path}`;
  const limit = (page: Page) => page.getByLabel('At most (USD)');
  const policyOf = async (id: string) => (await gateway.admin.get<Policy>(`/api/v1/policies/${id}`)).body;
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

  test('what is stored here is found there, and who comes second sees what the other one changed', async () => {
    await here.goto(at('/policies/new?template=daily-cap&step=limit'));
    await limit(here).fill('12');
    await here.keyboard.press('Control+s');
    await here.getByText(/^Kept in this browser only: .*ids/).waitFor();

    await here.goto(at('/policies/new?template=daily-cap&agent=otter-bot&step=limit'));
    await limit(here).fill('12');
    await here.getByText(/^Kept in this browser \d\d:\d\d:\d\d$/).waitFor();
    await here.keyboard.press('Control+s');
    await here.waitForURL(/\/policies\/pol_\w+\/edit\?.*step=limit/);
    await here.getByText(/^Draft saved \d\d:\d\d:\d\d$/).waitFor();
    expect(await limit(here).evaluate((field) => field.matches(':focus'))).toBe(true);
    await here.keyboard.type('5');
    await expect.poll(() => limit(here).inputValue()).toBe('125');
    await here.keyboard.press('Control+s');
    await here.getByText(/^Draft saved \d\d:\d\d:\d\d$/).waitFor();
    const id = /pol_\w+/.exec(here.url())?.[0] ?? '';
    expect(await policyOf(id)).toMatchObject({
      status: 'draft',
      version: 2,
      controls: [{ limit: { max: '125.000000000' } }],
    });

    await there.goto(at('/policies?status=draft'));
    await there.getByRole('link', { name: /otter-bot$/ }).click();
    await there.getByRole('button', { name: /Limit/ }).first().click();
    await expect.poll(() => limit(there).inputValue()).toBe('125');
    await limit(there).fill('80');
    await button(there, 'Save draft').click();
    await there.getByText(/^Draft saved/).waitFor();
    expect((await policyOf(id)).version).toBe(3);

    // Shown as theirs, until something is written here.
    await expect.poll(() => limit(here).inputValue()).toBe('80');
    await limit(here).fill('60');
    await limit(there).fill('90');
    await button(there, 'Save draft').click();
    const told = here.getByRole('region', { name: 'Changed by somebody else meanwhile' });
    await told.getByText('Colleague changed this policy since: version 3 is version 4 now').waitFor();
    await told.getByText(/at most: \$80\.00 becomes \$90\.00/).waitFor();
    await here.keyboard.press('Control+s');
    await here.getByText(/at version 4 by now, not 3/).waitFor();
    expect((await policyOf(id)).version).toBe(4);
    await here.reload();
    await told.waitFor();
    await button(here, 'Go on with mine, over theirs').click();
    await told.waitFor({ state: 'detached' });
    await here.keyboard.press('Control+s');
    await here.getByText(/^Draft saved/).waitFor();
    expect(await policyOf(id)).toMatchObject({ version: 5, controls: [{ limit: { max: '60.000000000' } }] });
  });

  test('a new policy is taken back as it was made, with what was written; a draft that came in force leaves it', async () => {
    const save = async (as: string) => {
      await button(here, 'Review').waitFor();
      await here.keyboard.press('Control+Enter');
      await here.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('To be taken back');
      await here.getByRole('dialog').getByRole('button', { name: as }).click();
      await here.waitForURL(/\/policies\/pol_\w+$/);
      return /pol_\w+/.exec(here.url())?.[0] ?? '';
    };
    await here.goto(at('/policies/new?template=daily-cap&agent=heron-bot&step=limit'));
    await limit(here).fill('33');
    const made = await save('Start in shadow');
    await here.getByRole('button', { name: 'Copy YAML' }).waitFor();
    expect((await policyOf(made)).status).toBe('active');
    await button(here, 'Undo').click();
    await here.waitForURL(/\/policies\/new\?.*heron-bot/);
    expect((await policyOf(made)).status).toBe('retired');
    await expect.poll(() => limit(here).inputValue()).toBe('33');

    const document = {
      ...{ name: 'From elsewhere', target: { kind: 'agent', ids: ['heron-bot'] }, mode: 'shadow' },
      controls: [{ limit: { type: 'cost_usd', max: '5', window: { per: 'day' } }, action: 'block' }],
    };
    const draft = expectStatus(201, await gateway.admin.post<Policy>('/api/v1/policies', document));
    await here.goto(at(`/policies/${draft.id}/edit`));
    await save('Start in shadow');
    await button(here, 'Undo').click();
    await expect.poll(async () => (await policyOf(draft.id)).status).toBe('disabled');
  });
});
