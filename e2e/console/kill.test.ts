import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { expectStatus, waitFor } from '../parts/client.ts';
import { wires } from '../parts/gateway.ts';
import { type Console, settled, startConsole } from './browser.ts';

const slow = { delay_ms: 120_000, output_tokens: 5 };

inBrowser('Killing in the console', () => {
  let console_: Console;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    page = await console_.open();
  });
  afterAll(async () => {
    await console_?.stop();
  });

  /** A run with a call that its provider does not answer; what that costs at most, as it is held. */
  const inFlight = async (agent: string) => {
    const { admin, stub } = console_.gateway;
    const { id } = expectStatus(
      202,
      await admin.post<{ id: string }>('/api/v1/runs', { goal: 'Long', agent_id: agent, mode: 'external' }),
    );
    const before = stub.log.length;
    const body = wires.chat.body(slow, { max_tokens: 1_000_000 });
    const ended = admin.post('/v1/chat/completions', body, { headers: { 'x-aos-run-id': id } });
    await waitFor(() => stub.log.length > before, { what: 'the call at its provider' });
    const { at_most_usd } = expectStatus(200, await admin.get<{ at_most_usd: string }>(`/api/v1/runs/${id}/in-flight`));
    return { id, ended, at_most_usd };
  };

  test('the question says what is at risk, and the receipt ticks while processes confirm', async () => {
    const { server, admin } = console_.gateway;
    const { id, ended, at_most_usd } = await inFlight('slow-bot');
    expectStatus(
      202,
      await admin.post('/api/v1/runs', { goal: 'A part', agent_id: 'part-bot', mode: 'external', parent_run_id: id }),
    );
    await page.goto(`${server.url}/runs/${id}`);
    await settled(page);
    await page.keyboard.press('Shift+K');
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/^1 call in flight is cut on every process; .* at most \$0\.60\d\.$/).waitFor();
    expect(await dialog.locator('strong [title]').getAttribute('title')).toBe(`$${at_most_usd}`);
    await dialog.getByText('1 run that was asked for in it ends with it.').waitFor();

    // As if another process had not confirmed yet when the answer came, and has a little later.
    let is_late = true;
    await page.route(/\/runs\/[^/]+\/kill$/, async (route) => {
      const answer = await route.fetch();
      const receipt = { ...(await answer.json()), complete: false, processes_asked: 2, processes_confirmed: 1 };
      await route.fulfill({ response: answer, json: receipt });
    });
    await page.route(/\/api\/v1\/runs\/run_[^/]+$/, async (route) => {
      const answer = await route.fetch();
      const run = await answer.json();
      if (run.kill && is_late) run.kill.processes_missing = 1;
      await route.fulfill({ response: answer, json: run });
    });
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('It takes too long');
    await dialog.getByRole('button', { name: 'Kill the run' }).click();
    await page.getByRole('dialog', { name: 'The run is being stopped' }).waitFor();
    await dialog.getByText('Not confirmed: 1 call in flight cut (may still be billed); 1 of 2 processes').waitFor();
    is_late = false;
    await page.getByRole('dialog', { name: 'The run is killed' }).waitFor();
    await dialog.getByText('Confirmed: 1 call in flight cut (may still be billed); 1 of 1 processes').waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    expect((await ended).status).toBe(403);
    await page.keyboard.press('Escape');
    await page
      .getByText(/^Killed by you .* 1 call in flight cut \(may still be billed\); 1 process has confirmed\./)
      .waitFor();
  });

  test('several runs say together what is at risk', async () => {
    const { server } = console_.gateway;
    const both = [await inFlight('left-bot'), await inFlight('right-bot')];
    await page.goto(`${server.url}/activity/live?agent=left-bot&agent=right-bot`);
    await settled(page);
    const rows = page.getByRole('grid', { name: 'Live runs' }).getByRole('checkbox');
    await waitFor(async () => (await rows.count()) === 2, { what: 'both runs' });
    for (const row of await rows.all()) await row.check();
    await page.getByRole('button', { name: 'Kill 2…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Kill 2 runs?' });
    await dialog
      .getByText(/2 calls in flight are cut on every process; .* at most \$1\.20\. All other runs go on/)
      .waitFor();
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('Both take too long');
    await dialog.getByRole('button', { name: 'Kill 2 runs' }).click();
    await page.getByText(/^2 of 2 confirmed by every process; 2 calls in flight cut/).waitFor();
    for (const { ended } of both) expect((await ended).status).toBe(403);
  });

  test('the overview counts what is paused, however much runs beside it, and leads to exactly that', async () => {
    const { server, admin } = console_.gateway;
    const open = async (agent_id: string) =>
      expectStatus(202, await admin.post<{ id: string }>('/api/v1/runs', { goal: 'Open', agent_id, mode: 'external' }))
        .id;
    const held = await open('held-bot');
    await open('free-bot');
    expectStatus(200, await admin.post(`/api/v1/runs/${held}/pause`, { reason: 'Looks odd' }));
    await page.goto(server.url);
    await page.getByRole('link', { name: '1 paused: see more' }).click();
    await page.waitForURL(/\/activity\/live\?hold=paused/);
    await settled(page);
    const rows = page.getByRole('grid', { name: 'Live runs' }).getByRole('row');
    await rows.filter({ hasText: 'held-bot' }).waitFor();
    expect(await rows.count()).toBe(2);
  });
});
