import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { addProvider, api, expectStatus } from '../parts/client.ts';
import { barriers, colours, guideline } from './barriers.ts';
import { type Console, settled, startConsole } from './browser.ts';
import { loadDemo } from './demo.ts';
import { withoutRing } from './focus.ts';
import { pagesOf } from './pages.ts';

const looks = {
  light: { width: 1440, rules: guideline },
  dark: { width: 1000, rules: colours },
};
type Theme = keyof typeof looks;

inBrowser('The pages of the console', () => {
  let console_: Console;
  let pages: Record<string, string>;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    const key = await loadDemo(console_.gateway.server, { runs: 300, days: 7 });
    pages = await pagesOf(console_.gateway.server, key);
    page = await console_.open({ key });
  });
  afterAll(async () => {
    await console_?.stop();
  });

  const show = async (theme: Theme) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width: looks[theme].width, height: 900 });
  };

  /** What the page offers of itself without the console. */
  const elsewhere = async () => {
    const about = page.getByRole('button', { name: /^More about/ });
    await about.first().click();
    const items = await page.getByRole('menu').getByRole('menuitem').allTextContents();
    await page.keyboard.press('Escape');
    return (words: RegExp) => items.some((item) => words.test(item));
  };

  test('show without errors, ask nobody else, are had as a command, a request and JSON, and can be used by everybody', async () => {
    console_.problems.length = 0;
    // Each page comes up in one theme, by turns, and then follows the system into the other.
    const themes = Object.keys(looks) as Theme[];
    for (const [name, path] of Object.entries(pages)) {
      themes.reverse();
      await show(themes[0] ?? 'light');
      await page.goto(`${console_.gateway.server.url}${path}`);
      for (const theme of themes) {
        await show(theme);
        await settled(page);
        expect(await page.evaluate('document.documentElement.dataset.theme')).toBe(theme);
        expect.soft([name, theme, await barriers(page, looks[theme].rules)]).toEqual([name, theme, []]);
      }
      const has = await elsewhere();
      expect.soft([name, has(/command/), has(/^Copy as curl/), has(/JSON$/)]).toEqual([name, true, true, true]);
    }
    expect(console_.problems).toEqual([]);
    // Some thirty pages, each looked through twice: four minutes on two busy cores.
  }, 600_000);

  test('of agents and of keys name the policies that bind them, and lead there', async () => {
    await show('light');
    const row = (name: string, of: string) => page.getByRole('grid', { name }).getByRole('row').filter({ hasText: of });
    await page.goto(`${console_.gateway.server.url}${pages['settings-agents']}`);
    const bot = row('Agents', 'support-bot');
    await bot.getByRole('link', { name: 'Support bot daily cap' }).waitFor();
    expect(Number(await bot.getByRole('link', { name: /^[1-9]\d*$/ }).innerText())).toBeGreaterThan(0);
    await page.goto(`${console_.gateway.server.url}${pages['settings-api-keys']}`);
    await row('API keys', 'demo').getByRole('link', { name: 'Demo daily spend, watched' }).first().click();
    await page.waitForURL(/\/policies\/pol_/);
  });

  test('of policies say who changed them last, and narrow to those that have not fired', async () => {
    await show('light');
    await page.goto(`${console_.gateway.server.url}${pages.policies}?unfired_days=30`);
    const row = (name: string) =>
      page.getByRole('grid', { name: 'Policies' }).getByRole('row').filter({ hasText: name });
    const idle = row('Research tokens per run');
    await idle.waitFor();
    expect(await idle.innerText()).toMatch(/tokens 120,000 in one run[\s\S]*Kill[\s\S]*\nv2 .+: demo data$/);
    expect(await row('Support bot daily cap').count()).toBe(0);
    await page.getByRole('button', { name: /^Not fired for days/ }).click();
    await page.getByRole('menuitemcheckbox', { name: '90' }).click();
    await page.waitForURL((url) => url.searchParams.getAll('unfired_days').join() === '90');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Remove Not fired/ }).click();
    await row('Support bot daily cap').waitFor();
  });

  test('of providers say how their calls went, and that there were none', async () => {
    await show('light');
    const server = console_.gateway.server;
    const fields = { slug: 'idle', kind: 'openai', base_url: 'http://127.0.0.1:9', secret: 'x' } as const;
    await addProvider(api(server), fields);
    await page.goto(`${server.url}${pages['settings-providers']}`);
    const row = (of: string) => page.getByRole('grid', { name: 'Providers' }).getByRole('row').filter({ hasText: of });
    await row('mock')
      .getByText(/^(<1|\d+) % failed$/)
      .waitFor();
    await row('idle').getByText('no calls').waitFor();
  });

  test('show by a ring what has the focus, in both themes', async () => {
    for (const name of ['overview', 'live', 'run'])
      for (const theme of ['light', 'dark'] as const) {
        await show(theme);
        await page.goto(`${console_.gateway.server.url}${pages[name]}`);
        await settled(page);
        const { stops, unseen } = await withoutRing(page);
        expect(stops).toBeGreaterThan(15);
        expect.soft([name, theme, unseen]).toEqual([name, theme, []]);
      }
  });

  test('the overview looks back a day, a week or the month, which stands in the address and in each panel', async () => {
    const { url } = console_.gateway.server;
    const counted = async (said_of: string) => {
      const enforcement = page.getByRole('region', { name: `Enforcement ${said_of}` });
      const said = await enforcement.getByRole('img').getAttribute('aria-label');
      const refused = page.getByRole('link', { name: `calls refused ${said_of}: see more` });
      await refused.filter({ hasText: /^\d/ }).waitFor();
      const { pathname, searchParams } = new URL(`${url}${await refused.getAttribute('href')}`);
      // Where calls are counted: the runs that a policy stopped are others, and fewer.
      expect(pathname).toBe('/activity/metrics');
      const from = searchParams.get('from') ?? '';
      const blocked = Number(/(\d+) blocked/.exec(said ?? '')?.[1]);
      return {
        said,
        blocked,
        refused: Number.parseInt((await refused.textContent()) ?? '', 10),
        from_ms: Date.parse(from),
      };
    };
    await page.goto(url);
    const day = await counted('in 24 h');
    const ranges = page.getByRole('group', { name: 'Time of what was decided' });
    await ranges.getByRole('button', { name: '7 d' }).click();
    const week = await counted('in 7 d');
    expect(new URL(page.url()).search).toBe('?range=7d');
    expect(week.said).toMatch(/^Decisions in 7 d: /);
    expect(week.blocked).toBeGreaterThan(day.blocked);
    expect(week.refused).toBeGreaterThan(day.refused);
    expect(day.from_ms - week.from_ms).toBe(144 * 3_600_000);
    // What is hatched is filled by a pattern that is there: without one it would be black.
    const unfilled = `[...document.querySelectorAll('rect[fill^="url("]')].filter((of) =>
      !document.getElementById(of.getAttribute('fill').slice(5, -1))).length`;
    expect(await page.locator('rect[fill^="url("]').count()).toBeGreaterThan(0);
    expect(await page.evaluate(unfilled)).toBe(0);
    await page.goto(`${url}/?range=period`);
    const { from_ms } = await counted(`since ${new Date().toUTCString().slice(8, 11)} 1 (UTC)`);
    expect(new Date(from_ms).toISOString()).toMatch(/-01T00:00:00\.000Z$/);
    expect(await ranges.getByRole('button', { pressed: true }).textContent()).toBe('This month');
  });

  test('metrics are told apart by person and by key and held against the time before, and a figure leads to its runs', async () => {
    const { url } = console_.gateway.server;
    await page.goto(`${url}/activity/metrics?range=7d`);
    for (const [by, named] of [
      ['actor', /.+/],
      ['key', /^admin/],
    ] as const) {
      await page.getByRole('button', { name: `by ${by}`, exact: true }).click();
      const table = page.getByRole('region', { name: new RegExp(`^Dearest by ${by}`) });
      const first = table.getByRole('row').nth(1);
      await first.getByRole('button').filter({ hasText: named }).waitFor();
      expect(await first.getByRole('cell').first().textContent()).toMatch(/^\$\d/);
      await page
        .getByRole('region', { name: `Cost by ${by}`, exact: true })
        .getByRole('img')
        .waitFor();
    }
    await page.getByRole('button', { name: 'Compare to the time before' }).click();
    expect(new URL(page.url()).searchParams.get('compare')).toBe('before');
    const panel = (title: string) => page.getByRole('region', { name: title, exact: true });
    await panel('Tokens').getByText('in before', { exact: false }).waitFor();
    const times = panel('Time a call takes, by provider');
    await times.getByText(/^mock p95/).waitFor();

    const outcomes = panel('Runs by outcome');
    await outcomes.getByRole('button', { name: /^View as table/ }).click();
    const stopped = outcomes.getByRole('row').locator('td:nth-child(3) button').first();
    const count = await stopped.textContent();
    await stopped.click();
    await page.getByText(`1–${count} of ${count}`).waitFor();
    const asked = new URL(page.url());
    expect([asked.pathname, asked.searchParams.get('status')]).toEqual(['/activity/completed', 'failed_policy']);

    await page.goto(
      `${url}/activity/metrics?from=2020-01-01T00:00:00.000Z&to=2020-01-02T00:00:00.000Z&agent=support-bot`,
    );
    await page.getByText('No traffic in range; nothing like it has been called before.').waitFor();
    await page.getByText('Stands still while a stretch is marked').waitFor();
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    await page.goto(
      `${url}/activity/metrics?from=${soon}&agent=support-bot&to=${new Date(Date.now() + 7_200_000).toISOString()}`,
    );
    await page.getByText(/^No traffic in range; last call (now|\d+ (s|min) ago)\./).waitFor();
  });

  test('the last step of the wizard can be used by everybody', async () => {
    await show('light');
    await page.goto(`${console_.gateway.server.url}/policies/new?template=daily-cap`);
    await settled(page);
    await page.keyboard.press('Alt+6');
    await page.getByRole('heading', { name: 'Save & activate', exact: true }).waitFor();
    expect(await barriers(page)).toEqual([]);
  });

  test('show one project when it is chosen, after a reload too, and all again when it is gone', async () => {
    const { url } = console_.gateway.server;
    const other = await console_.open();
    const counts = async () => {
      await other.goto(`${url}/activity/completed`);
      await settled(other);
    };
    await counts();
    const of_demo = other.getByText(/^1–\d+ of /);
    expect(await of_demo.count()).toBe(0);
    await other.getByRole('button', { name: /^Project: .* all projects$/ }).click();
    await other.getByRole('menuitem', { name: 'demo' }).click();
    await of_demo.waitFor();
    await counts();
    await of_demo.waitFor();
    expect(await other.getByRole('button', { name: /^Project: .* demo$/ }).count()).toBe(1);
    // In the project of the demo nothing else has run, whatever there is in others: its runs are counted.
    const elsewhere = { goal: 'Beside the demo', agent_id: 'named', mode: 'external' };
    expectStatus(202, await console_.gateway.admin.post('/api/v1/runs', elsewhere));
    await other.goto(url);
    await other.getByText(/^Everything here is synthetic: /).waitFor();
    await other.goto(`${url}/policies/new?template=daily-cap`);
    await other.getByRole('checkbox', { name: 'Also runs of tests and demos', checked: true }).waitFor();
    expectStatus(200, await console_.gateway.admin.post('/api/v1/demo/remove', { reason: 'a test' }));
    await counts();
    await other.getByRole('button', { name: /^Project: .* all projects$/ }).waitFor();
    expect(await of_demo.count()).toBe(0);
    await other.context().close();
  });
});
