import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { api, expectStatus } from '../parts/client.ts';
import { type Console, settled, startConsole } from './browser.ts';
import { loadDemo } from './demo.ts';
import { pagesOf } from './pages.ts';

const width = 320;
const details = ['run', 'policy', 'incident', 'decision'];

inBrowser(`A window of ${width} px`, () => {
  let console_: Console;
  let pages: Record<string, string>;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    const key = await loadDemo(console_.gateway.server, { runs: 60, days: 2 });
    pages = await pagesOf(console_.gateway.server, key);
    // One that has stopped calls says whom it met.
    const { items } = expectStatus(
      200,
      await api(console_.gateway.server).get<{ items: { id: string; name: string }[] }>('/api/v1/policies?limit=50'),
    );
    pages.policy = `/policies/${items.find(({ name }) => name === 'Support bot daily cap')?.id}`;
    page = await console_.open({ key, width });
  });
  afterAll(async () => {
    await console_?.stop();
  });

  test.each(details)('holds the page of a %s, which does not scroll sideways', async (name) => {
    await page.goto(`${console_.gateway.server.url}${pages[name]}`);
    await settled(page);
    const widths = await page.evaluate(
      "[document.scrollingElement.scrollWidth, document.querySelector('main').scrollWidth]",
    );
    expect(widths).toEqual([width, width]);
    const account = await page.getByRole('button', { name: /^Account/ }).boundingBox();
    expect((account?.x ?? width) + (account?.width ?? 0)).toBeLessThanOrEqual(width);
  });

  test('holds a live run whole at 390 px: what it is, costs and may cost, and what stops it', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${console_.gateway.server.url}/activity/live`);
    await settled(page);
    const grid = page.getByRole('grid', { name: 'Live runs' });
    const row = grid.getByRole('row').nth(1);
    await row
      .getByText(/^\d+ % of |^<1 % of |^no limit$/)
      .first()
      .waitFor();
    const beyond =
      "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('[role=grid]'))";
    expect(await page.evaluate(beyond)).toBe(0);
    const bar = await row.getByRole('meter').first().boundingBox();
    const said = await row
      .getByText(/^\d+ % of |^<1 % of /)
      .first()
      .boundingBox();
    expect((bar?.x ?? 390) + (bar?.width ?? 0)).toBeLessThanOrEqual(said?.x ?? 0);
    const parts = {
      state: row.getByText(/^(Running|Queued|Waiting|Paused)/),
      run: row.getByRole('link').first(),
      agent: row.locator('span.cut').first(),
      cost: row.getByText(/^\$\d/).first(),
      pause: row.getByRole('button', { name: 'Pause' }),
      kill: row.getByRole('button', { name: 'Kill…' }),
    };
    for (const [name, part] of Object.entries(parts)) {
      const box = await part.boundingBox({ timeout: 5_000 }).catch(() => null);
      const [left, right, height] = [box?.x ?? -1, (box?.x ?? 0) + (box?.width ?? 0), box?.height ?? 0];
      expect([name, left >= 0, right > left, right <= 390]).toEqual([name, true, true, true]);
      if (name === 'pause' || name === 'kill') expect(height).toBeGreaterThanOrEqual(24);
    }
    await page.setViewportSize({ width, height: 900 });
  });

  test('holds the lists of settings whole at 390 px, each column by its title', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const [path, list, title] of [
      ['/settings/api-keys', 'API keys', 'Last used'],
      ['/settings/agents', 'Agents', 'Cost, 7 d'],
      ['/settings/prices', 'Prices', 'USD per million tokens'],
    ] as const) {
      await page.goto(`${console_.gateway.server.url}${path}`);
      const grid = page.getByRole('grid', { name: list });
      await grid.getByRole('gridcell').getByText(title).first().waitFor();
      expect(await grid.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    }
    await page.setViewportSize({ width, height: 900 });
  });

  test('holds limits and incidents whole at 390 px, with what else binds the same calls', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const whole = async (path: string, list: string, says: RegExp) => {
      await page.goto(`${console_.gateway.server.url}${path}`);
      const grid = page.getByRole('grid', { name: list });
      await grid.getByText(says).first().waitFor();
      expect(await grid.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
    };
    await whole('/incidents?is_synthetic=all', 'Open incidents', /^\d+ times$|^once$/);
    await whole('/policies', 'Policies', /^Calls of agent support-bot are refused/);
    await whole('/limits', 'Limits', /of \$1\.00 left, agent support-bot, hard stop$/);
    await page.getByRole('grid', { name: 'Limits' }).getByText('Support bot daily cap').click();
    const others = page.getByRole('region', { name: 'Bound also by' });
    await others.getByRole('link', { name: /^Demo daily spend, watched/ }).waitFor();
    await page.setViewportSize({ width, height: 900 });
  });

  test('holds a log at 390 px with the panel of a row below its foot', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${console_.gateway.server.url}/logs?last=all`);
    await settled(page);
    await page
      .getByRole('row')
      .nth(2)
      .click({ position: { x: 20, y: 16 } });
    const panel = page.getByRole('complementary', { name: 'One of llm run records' });
    await panel.waitFor();
    const [foot, head] = await Promise.all([page.getByText(/^1–\d+ of /).boundingBox(), panel.boundingBox()]);
    expect(head?.y).toBeGreaterThanOrEqual((foot?.y ?? 844) + (foot?.height ?? 0));
    const list = await page.getByRole('grid').boundingBox();
    expect(foot?.y).toBeGreaterThanOrEqual((list?.y ?? 844) + (list?.height ?? 0));
    expect(list?.height).toBeGreaterThanOrEqual(132);
    await page.setViewportSize({ width, height: 900 });
  });

  test('holds the wizard at 390 px: its steps in one row, and what the policy would have done in sight from anywhere', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${console_.gateway.server.url}/policies/new?template=daily-cap`);
    await settled(page);
    expect(await page.evaluate('document.scrollingElement.scrollWidth')).toBe(390);
    const steps = await page.getByRole('navigation', { name: 'Steps of the policy' }).boundingBox();
    expect(steps?.height).toBeLessThan(60);
    const preview = page.getByRole('region', { name: 'Preview' });
    const line = preview.getByRole('status').first();
    await page.evaluate('scrollTo(0, 0)');
    for (const text of [/^The preview begins when/, /^Computing the preview|runs would be/]) {
      await line.getByText(text).waitFor();
      const box = await line.boundingBox();
      expect((box?.y ?? 844) + (box?.height ?? 0)).toBeLessThanOrEqual(844);
      if (text.test('The preview begins when')) await chooseAgent(page);
    }
    expect(await preview.getByLabel('Over').isVisible()).toBe(false);
    await preview.getByRole('button', { name: 'Show preview' }).click();
    await preview.getByLabel('Over').waitFor();
  });

  test('holds a run that has ended whole at 390 px: how, what it was and cost, and what was decided', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${console_.gateway.server.url}/activity/completed`);
    await settled(page);
    const grid = page.getByRole('grid', { name: 'Completed runs' });
    const row = grid.getByRole('row').nth(1);
    for (const part of [row.getByText(/^\$\d/).first(), row.locator('time'), row.getByRole('link').first()]) {
      const box = await part.boundingBox();
      expect((box?.x ?? 390) + (box?.width ?? 0)).toBeLessThanOrEqual(390 - 16);
    }
    expect(await grid.evaluate((of) => of.scrollWidth - of.clientWidth)).toBe(0);
  });

  test('is not needed for all columns of limits: 1,200 px hold them', async () => {
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.goto(`${console_.gateway.server.url}/limits`);
    const grid = page.getByRole('grid', { name: 'Limits' });
    await grid
      .getByText(/^resets/)
      .first()
      .waitFor();
    expect(await grid.evaluate((of) => of.scrollWidth - of.clientWidth)).toBe(0);
  });

  test('is not needed for all columns of lists of runs: 1,440 px hold them, and none lies beyond the edge', async () => {
    await page.setViewportSize({ width: 1440, height: 900 });
    const shown = async (path: string, label: string) => {
      await page.goto(`${console_.gateway.server.url}${path}`);
      await settled(page);
      const grid = page.getByRole('grid', { name: label });
      await grid.getByRole('columnheader', { name: 'Tokens in/out' }).waitFor();
      expect(await grid.evaluate((of) => of.scrollWidth - of.clientWidth)).toBe(0);
      return (await grid.getByRole('columnheader').allInnerTexts()).join(' | ');
    };
    expect(await shown('/activity/completed', 'Completed runs')).toBe(
      'Outcome | Run | Agent | Actor | Models | Steps | Duration | Tokens in/out | Cost | Decisions | Incident | Ended',
    );
    expect(await shown('/activity/live', 'Live runs')).toMatch(
      /^Chosen \| State \| Run \| Agent \| Actor \| Current step \| Elapsed, since \| Tokens in\/out \| Cost \| Tightest limit \| Last decision/,
    );
  });
});

async function chooseAgent(page: Page): Promise<void> {
  const target = page.getByRole('combobox', { name: 'Which agents, by name or id', exact: true });
  await target.fill('support-bot');
  await page.getByRole('option', { name: /support-bot/ }).click();
}
