import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { expectStatus, makePolicy } from '../parts/client.ts';
import { barriersInThemes } from './barriers.ts';
import { type Console, settled, startConsole } from './browser.ts';

inBrowser('What stands around every page of the console', () => {
  let console_: Console;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    page = await console_.open({ width: 1280 });
    const { admin } = console_.gateway;
    expectStatus(201, await admin.post('/api/v1/projects', { slug: 'tide', name: 'Tide' }));
  });
  afterAll(() => console_?.stop());

  const url = (path: string) => `${console_.gateway.server.url}${path}`;
  const choose = async (project: string) => {
    await page.getByRole('button', { name: /^Project:/ }).click();
    await page.getByRole('menuitem', { name: project, exact: true }).click();
    await page.getByRole('button', { name: `Project: default / ${project}` }).waitFor();
  };

  test('who changed a policy has a name in every project, also where the key is of another one', async () => {
    const { id } = await makePolicy(console_.gateway.admin, {
      ...{ name: 'A cap', target: { kind: 'agent', ids: ['gull-bot'] } },
      controls: [{ limit: { type: 'requests', max: 9, window: { per: 'day' } }, action: 'block' }],
    });
    await page.goto(url('/policies'));
    await choose('tide');
    await page.getByRole('grid').getByText('A cap').waitFor();
    await expect.poll(() => page.getByRole('grid').textContent()).toMatch(/v2.*admin/);
    for (const tab of ['audit', 'versions']) {
      await page.goto(url(`/policies/${id}?tab=${tab}`));
      await settled(page);
      await expect.poll(() => page.locator('main').getByRole('listitem').first().textContent()).toMatch(/admin/);
      expect.soft(await page.locator('main').textContent()).not.toMatch(/key_/);
    }
  });

  test('a key is made in the project that is chosen, and the focus goes back to where its dialog began', async () => {
    await page.goto(url('/settings/api-keys'));
    await settled(page);
    const begin = page.getByRole('button', { name: 'New key', exact: true });
    await begin.focus();
    await page.keyboard.press('Enter');
    const project = page.getByRole('dialog').getByLabel('Project');
    await expect.poll(() => project.locator('option:checked').textContent()).toBe('tide');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(() => begin.and(page.locator(':focus')).count()).toBe(1);
  });

  test('rows are higher for who wants that, in every list and also after a reload', async () => {
    await page.goto(url('/settings/projects'));
    await settled(page);
    const row = page.getByRole('grid').getByRole('row').nth(1);
    const height = async () => (await row.boundingBox())?.height;
    const choose_rows = async (name: string) => {
      await page.getByRole('button', { name: /^Account:/ }).click();
      await page.getByRole('menuitem', { name, exact: true }).click();
    };
    expect(await height()).toBe(32);
    await choose_rows('Comfortable rows');
    await expect.poll(height).toBe(40);
    await page.goto(url('/settings/members'));
    await page.goto(url('/settings/projects'));
    await settled(page);
    expect(await height()).toBe(40);
    await choose_rows('Dense rows');
    await expect.poll(height).toBe(32);
  });

  test('a view is shared with a project under a name of its own, shown elsewhere, and taken back', async () => {
    await page.goto(url('/policies'));
    await choose('tide');
    await page.goto(url('/activity/completed?agent=two'));
    await settled(page);
    const views = page.getByRole('button', { name: /^(Views|Those of two)$/ });
    const choose_view = async (name: string) => {
      await views.click();
      await page.getByRole('menuitem', { name }).click();
    };
    const share = async () => {
      await choose_view('Save this view…');
      await page.getByRole('textbox', { name: 'Name' }).fill('Those of two');
      await page.getByLabel('Everybody of project tide').check();
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    };
    await share();
    await page.getByRole('button', { name: 'Those of two' }).waitFor();
    await share();
    await page.getByRole('alert').getByText('take another name').waitFor();
    expect.soft(await barriersInThemes(page)).toEqual([]);
    await page.keyboard.press('Escape');
    const other = await console_.open();
    await other.goto(url('/activity/completed'));
    await other.getByRole('button', { name: 'Views', exact: true }).click();
    await other.getByRole('menuitem', { name: 'Those of two (shared)' }).click();
    await other.waitForURL(/agent=two/);
    await other.getByRole('button', { name: 'Those of two' }).click();
    await other.getByRole('menuitem', { name: 'Save this view…' }).click();
    await other.getByLabel('Everybody of default').waitFor();
    await other.close();
    await choose_view('Share “Those of two” no longer');
    await page.getByRole('button', { name: 'Views', exact: true }).waitFor();
    const entries = await console_.gateway.rows(
      "select event, project_id is not null as is_of_project from audit_ledger where object_type = 'view' order by id",
    );
    expect(entries).toEqual([
      { event: 'VIEW_SHARED', is_of_project: true },
      { event: 'VIEW_FORGOTTEN', is_of_project: true },
    ]);
  });

  test('everything that has a page is found by its name, and what can be done also by other words', async () => {
    const found = async (text: string) => {
      await page.keyboard.press('Control+k');
      await page.getByPlaceholder(/Find an agent/).fill(text);
      const first = page.getByRole('option').first();
      await first.waitFor();
      const name = await first.textContent();
      await page.keyboard.press('Escape');
      await page.getByPlaceholder(/Find an agent/).waitFor({ state: 'detached' });
      return name;
    };
    expect.soft(await found('members')).toBe('Settings: Members & roles');
    expect.soft(await found('providers')).toBe('Settings: Providers');
    expect.soft(await found('audit')).toBe('Logs: Audit ledger');
    expect.soft(await found('new key')).toBe('Make or revoke a key');
    expect.soft(await found('kill')).toBe('Pause or kill a run');
    expect.soft(await found('add member')).toBe('Invite somebody');
  });

  test('the link of a page, with what it is narrowed to, is copied by keys', async () => {
    const of = await console_.open();
    await of.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const link = url('/activity/completed?status=failed_policy');
    await of.goto(link);
    await settled(of);
    await of.keyboard.press('Control+Shift+C');
    await of.getByText('The link of this page is copied.').waitFor();
    expect(await of.evaluate('navigator.clipboard.readText()')).toBe(link);
    await of.close();
  });

  test('the top bar ends where the window does, at the widths between', async () => {
    for (const width of [768, 820]) {
      const of = await console_.open({ width });
      await of.goto(url('/settings/api-keys'));
      await settled(of);
      expect.soft([width, await of.evaluate('document.documentElement.scrollWidth')]).toEqual([width, width]);
      const { height = 0 } =
        (await of
          .getByRole('button', { name: /^Search or run/ })
          .locator('kbd')
          .boundingBox()) ?? {};
      expect.soft([width, height < 28]).toEqual([width, true]);
      await of.close();
    }
  });

  test('a narrow window shows the room one is in whole', async () => {
    const narrow = await console_.open({ width: 390 });
    await narrow.goto(url('/settings/api-keys'));
    await settled(narrow);
    const here = narrow.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: 'Settings' });
    await expect
      .poll(async () => {
        const box = await here.boundingBox();
        return box && box.x >= 0 && box.x + box.width <= 390;
      })
      .toBe(true);
    await narrow.close();
  });
});
