import type { Page } from 'playwright-core';
import { writeManyRows } from '../../tools/simulate/many-rows.ts';
import { expectStatus } from '../parts/client.ts';
import { type Console, settled, signIn } from './browser.ts';
import { framesOf, heapOf, interactionsOf, paintAfter, quantile, slownessOf } from './measure.ts';

/** What the console takes where much is shown, on real pages over real data: for the test of its budgets and for the bench. */

/** Figures of one page, and how slow the machine was meanwhile, as `slownessOf` says it. */
export type Figures<Of> = Of & { slowness: number };

async function withSlowness<Of>(page: Page, measure: () => Promise<Of>): Promise<Figures<Of>> {
  const before = await slownessOf(page);
  const figures = await measure();
  return { ...figures, slowness: Math.max(before, await slownessOf(page)) };
}

const rounds = 3;

/** The least of some rounds: what is measured, and not what else the machine did. */
async function leastOf(measure: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) least = Math.min(least, await measure());
  return least;
}

const grid = '[role="grid"]';
const rows_shown = `document.querySelectorAll('${grid} [role="row"]').length > 20`;

/** Runs that the default project has had in the last 30 days. */
export async function writeRuns({ gateway }: Console, runs: number): Promise<void> {
  const [first] = await gateway.rows<{ tenant_id: string; project_id: string; api_key_id: string }>(
    `select p.tenant_id, p.id as project_id, k.id as api_key_id from projects p join api_keys k on k.tenant_id = p.tenant_id
      where p.slug = 'default' limit 1`,
  );
  if (!first) throw new Error('there is no first project');
  const until_ms = Date.now() - 3_600_000;
  await writeManyRows(
    { url: gateway.database.url, ...first, runs, days: 30, until_ms, indexes_last: true },
    () => undefined,
  );
}

/** The list of completed runs, read down until it has this many rows. */
export async function tableFigures({ gateway, open }: Console, rows: number) {
  const page = await open();
  await page.goto(`${gateway.server.url}/activity/completed`);
  await settled(page);
  await page.locator(grid).getByText('agent-').first().waitFor();
  // Few rows are in sight on the way down, which is not measured.
  const whole = page.viewportSize() ?? { width: 1440, height: 900 };
  await page.setViewportSize({ ...whole, height: 500 });
  await page.evaluate(`new Promise((resolve) => {
    const of = document.querySelector('${grid}');
    const down = () => {
      of.scrollTop = of.scrollHeight;
      if (of.scrollHeight < ${rows} * 32) setTimeout(down, 5);
      else resolve();
    };
    down();
  })`);
  await page.setViewportSize(whole);
  const measured = await withSlowness(page, async () => {
    const frames = [];
    for (let round = 0; round < rounds; round++) frames.push(await framesOf(page, grid));
    const heap_mb = await heapOf(page);
    const first_paint_ms = await leastOf(async () => {
      await paintAfter(page, `document.querySelector('nav a[href="/"]').click()`, `location.pathname === '/'`);
      await settled(page);
      return paintAfter(page, 'history.back()', rows_shown);
    });
    return {
      first_paint_ms,
      frame_p95_ms: Math.min(...frames.map(({ p95_ms }) => p95_ms)),
      frame_cpu_ms: Math.min(...frames.map(({ cpu_ms }) => cpu_ms)),
      dom_rows: await page.locator(`${grid} [role="row"]`).count(),
      row_count: Number(await page.locator(grid).getAttribute('aria-rowcount')),
      row_indexes: await page.locator(`${grid} [aria-rowindex]`).count(),
      heap_mb,
    };
  });
  await page.context().close();
  return measured;
}

const reported_at_once = 100;

/** A run whose agent has told of this many steps; its id. */
export async function writeSteps({ gateway }: Console, steps: number): Promise<string> {
  const body = { goal: 'Walk through many steps', agent_id: 'walker', mode: 'external' };
  const { id } = expectStatus(202, await gateway.admin.post<{ id: string }>('/api/v1/runs', body));
  const begun_ms = Date.now() - steps * 1_000;
  const instant = (ms: number) => new Date(ms).toISOString();
  for (let from = 0; from < steps; from += reported_at_once) {
    const told = Array.from({ length: Math.min(reported_at_once, steps - from) }, (_, n) => ({
      kind: 'tool',
      name: `tool_${(from + n) % 7}`,
      started_at: instant(begun_ms + (from + n) * 1_000),
      ended_at: instant(begun_ms + (from + n) * 1_000 + 700),
    }));
    expectStatus(200, await gateway.admin.post(`/api/v1/runs/${id}/steps`, { steps: told }));
  }
  return id;
}

const steps_grid = '[role="treegrid"]';
const steps_shown = `document.querySelectorAll('${steps_grid} [role="row"]').length > 20`;

/** The page of a run with this many steps. */
export async function waterfallFigures({ gateway, open }: Console, run_id: string, steps: number) {
  const page = await open();
  const all_read = `document.querySelector('${steps_grid}')?.ariaRowCount >= ${steps}`;
  await page.goto(`${gateway.server.url}/runs/${run_id}`);
  await page.evaluate(`new Promise((resolve) => {
    const look = () => (${all_read} ? resolve() : setTimeout(look, 20));
    look();
  })`);
  const measured = await withSlowness(page, async () => {
    const whole_ms = await leastOf(async () => {
      await page.evaluate(`document.querySelector('a[href$="tab=decisions"]').click()`);
      await page.locator(steps_grid).waitFor({ state: 'detached' });
      const timeline = `document.querySelector('a[href="/runs/${run_id}"]')`;
      return paintAfter(page, `${timeline}.click()`, `${all_read} && ${steps_shown}`);
    });
    const frames = [];
    for (let round = 0; round < rounds; round++) frames.push(await framesOf(page, steps_grid));
    const opened_ms = await leastOf(async () => {
      await page.evaluate(`document.querySelector('nav a[href="/"]').click()`);
      await settled(page);
      return paintAfter(page, 'history.back()', steps_shown);
    });
    return {
      opened_ms,
      whole_ms,
      frame_p95_ms: Math.min(...frames.map(({ p95_ms }) => p95_ms)),
      frame_cpu_ms: Math.min(...frames.map(({ cpu_ms }) => cpu_ms)),
      dom_rows: await page.locator(`${steps_grid} [role="row"]`).count(),
    };
  });
  await page.context().close();
  return measured;
}

/** What a hand does on the list of completed runs: rows, the panel, a menu, a filter, the tabs, the palette. */
async function handle(page: Page): Promise<void> {
  const { keyboard } = page;
  await page.locator(grid).focus();
  for (const key of ['j', 'j', 'j', 'k', ' ', 'j', ' ', 'PageDown', 'End', 'Home']) {
    await keyboard.press(key);
    await page.waitForTimeout(40);
  }
  await page.getByRole('button', { name: 'Outcome' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'failed_policy' }).click();
  await keyboard.press('Escape');
  await page.getByRole('button', { name: /^Remove Outcome/ }).click();
  await keyboard.press('Control+k');
  await page.getByPlaceholder(/Find an agent/).waitFor();
  for (const letter of 'support') {
    await keyboard.press(letter);
    await page.waitForTimeout(40);
  }
  await keyboard.press('Escape');
  await page.getByRole('link', { name: 'Live', exact: true }).click();
  await settled(page);
  await page.getByRole('link', { name: 'Completed', exact: true }).click();
  await settled(page);
}

/** On the demo: how long the page takes to answer a hand, to show another room, and to be there at all. */
export async function interactionFigures({ gateway, open, browser }: Console, key: string) {
  const { url } = gateway.server;
  const page = await open({ key });
  await page.goto(`${url}/activity/completed`);
  await settled(page);
  const measured = await withSlowness(page, async () => {
    await handle(page);
    let interactions = 0;
    const inp_p95_ms = await leastOf(async () => {
      const took = await interactionsOf(page, () => handle(page));
      interactions += took.length;
      return quantile(took, 0.95);
    });
    const navigations = await navigationsOf(page);
    const cold_ms = await leastOf(async () => {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      const fresh = await context.newPage();
      await signIn(fresh, `${url}/health`, key);
      await fresh.goto(`${url}/activity/completed`, { waitUntil: 'commit' });
      const ready = `new Promise((resolve) => {
        const look = () => (${rows_shown} ? resolve(performance.now()) : setTimeout(look, 1));
        look();
      })`;
      const took_ms = await fresh.evaluate<number>(ready);
      await context.close();
      return took_ms;
    });
    return { interactions, inp_p95_ms, warm_navigation_ms: Math.max(...navigations), cold_ms };
  });
  await page.context().close();
  return measured;
}

const rooms = {
  '/': 'Overview',
  '/policies': 'Policies',
  '/limits': 'Limits',
  '/incidents': 'Incidents',
  '/logs': 'LLM runs',
};

/** To each room from the one before, when all of them have been open: the least of the rounds for each. */
async function navigationsOf(page: Page): Promise<number[]> {
  const least = new Map<string, number>();
  for (let round = 0; round <= rounds; round++)
    for (const [href, title] of Object.entries(rooms)) {
      const ready = `document.title.startsWith('${title}') && !document.querySelector('[role="status"][aria-label^="Loading"]')`;
      const took_ms = await paintAfter(page, `document.querySelector('nav a[href="${href}"]').click()`, ready);
      if (round > 0) least.set(href, Math.min(took_ms, least.get(href) ?? took_ms));
      await settled(page);
    }
  return [...least.values()];
}
