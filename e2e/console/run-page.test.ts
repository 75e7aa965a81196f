import { makeId } from '@aos/server/base/deps.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { api, expectStatus, makeKey, makePolicy, waitFor } from '../parts/client.ts';
import { type Console, settled, startConsole } from './browser.ts';

const many = 5_000;

inBrowser('The page of a run', () => {
  let console_: Console;
  let page: Page;
  let run_id: string;

  const call = async (text: string) => {
    const { gateway } = console_;
    const headers = { 'x-aos-agent-id': 'support-bot', ...(run_id !== '' && { 'x-aos-run-id': run_id }) };
    const body = { model: 'mock-small', messages: [{ role: 'user', content: text }] };
    const answer = await gateway.admin.post('/v1/chat/completions', body, { headers });
    run_id = answer.headers.get('x-aos-run-id') ?? run_id;
    return answer.status;
  };

  beforeAll(async () => {
    run_id = '';
    console_ = await startConsole();
    await makePolicy(console_.gateway.admin, {
      name: 'Three steps',
      target: { kind: 'all_runs' },
      controls: [{ limit: { type: 'steps', max: 3, window: { per: 'run' }, count_per: 'run' }, action: 'block' }],
    });
    await call('one');
    page = await console_.open();
  });
  afterAll(async () => {
    await console_?.stop();
  });

  test('what happens is on the page within a second, and says which policy stopped it', async () => {
    const asked_at = Date.now();
    await page.goto(`${console_.gateway.server.url}/runs/${run_id}`);
    await settled(page);
    const opened_ms = Date.now() - asked_at;
    const rows = page.getByRole('treegrid', { name: 'Steps' }).getByRole('row');
    await waitFor(async () => (await rows.count()) === 2, { what: 'the head and one step' });
    await call('two');
    const told_at = Date.now();
    await waitFor(async () => (await rows.count()) === 3, { what: 'the second step' });
    // A second is the promise; a busy machine gets more, as much as it took to open the page.
    expect(Date.now() - told_at).toBeLessThan(5_000 + 4 * opened_ms);
    await call('three');
    expect(await call('four')).toBe(402);
    await waitFor(async () => (await rows.count()) === 5, { what: 'the refused step' });
    await page.getByText('Three steps').first().waitFor();
    const step = page.getByRole('complementary', { name: 'The chosen step' });
    await step.getByText('Blocked').first().waitFor();
    await step.getByRole('button', { name: 'More about this step' }).click();
    await page.getByRole('menuitem', { name: 'Copy its decision as curl' }).waitFor();
    await page.getByRole('menuitem', { name: 'Copy as Markdown' }).click();
    await page.getByText('Copied the step').waitFor();
    await page.getByRole('region', { name: 'Limits on this run' }).getByText('steps per run').waitFor();
  });

  test('a stopped run whose decisions cannot be read is not shown as let through, and they are asked for again', async () => {
    const failing = await console_.open();
    const decisions = /\/runs\/[^/]+\/decisions/;
    await failing.route(decisions, (route) =>
      route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'The database is away.' } } }),
    );
    await failing.goto(`${console_.gateway.server.url}/runs/${run_id}`);
    const belongs = failing.getByRole('list', { name: 'What belongs to it' });
    await belongs.getByText('Policy: could not be read').waitFor();
    await belongs.getByText('Decision: could not be read').waitFor();
    expect(await failing.getByText('no limit governs this run').count()).toBe(0);
    const limits = failing.getByRole('region', { name: 'Limits on this run' });
    await limits.getByText('Its decisions could not be loaded').waitFor();
    await failing.unroute(decisions);
    const policy = belongs.getByRole('link', { name: /^Policy Three steps/ });
    // The page may ask again by itself before the hand does.
    await Promise.race([limits.getByRole('button', { name: 'Try again' }).click(), policy.waitFor()]);
    await policy.waitFor();
    await limits.getByRole('link', { name: 'Three steps' }).waitFor();
    await failing.close();
  });

  test('a run whose calls were all refused has no record, and its empty list counts none', async () => {
    const { admin, server } = console_.gateway;
    await makePolicy(admin, {
      name: 'No tokens',
      target: { kind: 'agent', ids: ['barred-bot'] },
      controls: [
        { limit: { type: 'tokens_total', max: 1, window: { per: 'run' }, count_per: 'run' }, action: 'block' },
      ],
    });
    const body = { model: 'mock-small', messages: [{ role: 'user', content: 'one' }] };
    const headers = { 'x-aos-agent-id': 'barred-bot' };
    const answer = await admin.post('/v1/chat/completions', body, { headers });
    expect(answer.status).toBe(402);
    await page.goto(`${server.url}/runs/${answer.headers.get('x-aos-run-id')}?tab=logs`);
    await page.getByText('Log: no record: no provider was called').waitFor();
    await page.getByRole('heading', { name: 'No provider was called' }).waitFor();
    await page.getByRole('link', { name: /^Logs\s*0$/ }).waitFor();
    expect(await page.getByText(/1–0 of/).count()).toBe(0);
  });

  test('a run is paused, resumed and killed by keyboard, and the receipt ticks only what is confirmed', async () => {
    await page.keyboard.press('p');
    const banner = page.getByText(
      /^Paused by you \d\d:\d\d:\d\d UTC: Paused in the console\..*it never goes on by itself/,
    );
    await banner.waitFor();
    await page.keyboard.press('p');
    await banner.waitFor({ state: 'hidden' });
    await page.keyboard.press('Shift+K');
    await page.getByRole('dialog', { name: 'Kill this run?' }).waitFor();
    await page.getByRole('textbox', { name: 'Reason' }).fill('It has done enough');
    await page.getByRole('button', { name: 'Kill the run' }).click();
    await page.getByText('Confirmed: Further calls are denied since').waitFor();
    await page.getByText('Not confirmed:').first().waitFor({ state: 'attached' });
    await page.keyboard.press('Escape');
    await page
      .getByText(/^Killed by you .* UTC: It has done enough\. .*no call was in flight; 1 process has confirmed/)
      .waitFor();
    await page.getByText('Killed', { exact: true }).first().waitFor();
    expect(await page.getByText(/Cancelled|user abort|none said no/).count()).toBe(0);
  });

  test('what was decided about a call of a killed run names the key that killed it', async () => {
    const { admin, server } = console_.gateway;
    const own = expectStatus(
      202,
      await admin.post<{ id: string }>('/api/v1/runs', {
        goal: 'To be killed',
        agent_id: 'ended-bot',
        mode: 'external',
      }),
    ).id;
    const watch = await makeKey(admin, { name: 'day watch', role: 'operator', project_id: null });
    expectStatus(200, await api(server, watch.secret).post(`/api/v1/runs/${own}/kill`, { reason: 'Odd by day' }));
    const body = { model: 'mock-small', messages: [{ role: 'user', content: 'one more' }] };
    const refused = await admin.post('/v1/chat/completions', body, { headers: { 'x-aos-run-id': own } });
    expect(refused.status).toBe(403);
    await page.goto(`${server.url}/d/${refused.headers.get('x-aos-decision-id')}`);
    await page
      .getByText(/^Killed: the run "run_.*" was killed by the key day watch at \d{4}-\d\d-\d\d .* UTC: Odd by day/)
      .waitFor();
    await page.goto(`${server.url}/runs/${own}`);
    await page.getByText(/^Killed by the key day watch .* UTC: Odd by day\. /).waitFor();
    await page.getByText('Policy: none: a person killed it').waitFor();
    await page.getByRole('link', { name: 'admin', exact: true }).first().waitFor();
  });

  test('a run that stands still says whose policy or key holds it, why, and until when', async () => {
    const { admin, server } = console_.gateway;
    const once = { type: 'steps', max: 1, window: { per: 'run' } };
    await makePolicy(admin, {
      name: 'One step each',
      target: { kind: 'agent', ids: ['held-bot'] },
      controls: [{ limit: once, action: 'pause', pause: { timeout_seconds: 600 } }],
    });
    const plan = { steps: ['a', 'b'].map((id) => ({ id, skill: 'transform', params: { input: 1, expression: '@' } })) };
    const ask = (body: object) => admin.post<{ id: string }>('/api/v1/runs', { goal: 'Two steps', ...body });
    const held = expectStatus(202, await ask({ agent_id: 'held-bot', plan })).id;
    const own = expectStatus(202, await ask({ agent_id: 'other-bot', mode: 'external' })).id;
    const other = api(
      server,
      (await makeKey(admin, { name: 'night watch', role: 'operator', project_id: null })).secret,
    );
    expectStatus(200, await other.post(`/api/v1/runs/${own}/pause`, { reason: 'Odd at night' }));
    await page.goto(`${server.url}/runs/${held}`);
    await page
      .getByText(/^Paused by policy One step each .* until the limit has room or .* otherwise refused at \d\d:/)
      .waitFor();
    await page.goto(`${server.url}/runs/${own}`);
    await page.getByText(/^Paused by the key night watch .*: Odd at night\. .* never goes on by itself/).waitFor();
    await page.getByRole('link', { name: 'night watch' }).click();
    await page.waitForURL(/\/go\/key_/);
    const { secret } = await makeKey(admin, { role: 'viewer' });
    const bound = await console_.open({ key: secret });
    await bound.goto(`${server.url}/runs/${own}`);
    await bound.getByText(/^Paused by somebody outside of this project .*: Odd at night\./).waitFor();
    await bound.close();
  });

  test('a run that a policy paused is resumed with a reason, which the ledger keeps, and with more room', async () => {
    const { admin, server } = console_.gateway;
    const once = { type: 'steps', max: 1, window: { per: 'run' } };
    await makePolicy(admin, {
      name: 'One step, then a person',
      target: { kind: 'agent', ids: ['asked-bot'] },
      controls: [{ limit: once, action: 'pause', pause: { timeout_seconds: 600 } }],
    });
    const plan = { steps: ['a', 'b'].map((id) => ({ id, skill: 'transform', params: { input: 1, expression: '@' } })) };
    const ask = { goal: 'Two steps', agent_id: 'asked-bot', plan };
    const { id } = expectStatus(202, await admin.post<{ id: string }>('/api/v1/runs', ask));
    const said = async (event: string) => {
      const kept = await admin.get<{ items: { reason: string }[] }>(`/api/v1/logs/audit?event=${event}`);
      return expectStatus(200, kept).items.map(({ reason }) => reason);
    };
    await page.goto(`${server.url}/runs/${id}`);
    await page.getByRole('button', { name: 'Resume…' }).waitFor();
    await page.keyboard.press('p');
    const dialog = page.getByRole('dialog', { name: 'Resume this run?' });
    await dialog.getByRole('button', { name: 'Resume' }).click();
    await dialog.getByText('Say why, in a few words.').waitFor();
    expect(await said('RUN_RESUMED')).not.toContain('Looked at it');
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('Looked at it');
    await dialog.getByRole('button', { name: 'Resume' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await said('RUN_RESUMED')).toContain('Looked at it');
    // The limit has no more room than before: it holds the run again.
    const list = page.getByRole('grid', { name: 'Live runs' });
    await page.goto(`${server.url}/activity/live?agent=asked-bot`);
    await list.getByRole('button', { name: 'Resume' }).click();
    await dialog.getByLabel('Raise the limit once by (steps)').fill('3');
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('It may have three more');
    await dialog.getByRole('button', { name: 'Resume' }).click();
    await waitFor(
      async () => expectStatus(200, await admin.get<{ status: string }>(`/api/v1/runs/${id}`)).status === 'succeeded',
      { what: 'the end of the run' },
    );
    expect(await said('LIMIT_OVERRIDDEN')).toContain('It may have three more');
  });

  test('money in what stopped a step is written as people read it', async () => {
    const { admin, server } = console_.gateway;
    const limit = { type: 'cost_usd', max: '12.50', window: { per: 'run' } };
    await makePolicy(admin, {
      name: 'Not that dear',
      target: { kind: 'agent', ids: ['dear-bot'] },
      controls: [{ limit, action: 'block' }],
    });
    const messages = [{ role: 'user', content: 'one' }];
    const body = { model: 'mock-expensive', max_tokens: 2_000_000, messages };
    const answer = await admin.post('/v1/chat/completions', body, { headers: { 'x-aos-agent-id': 'dear-bot' } });
    expect(answer.status).toBe(402);
    await page.goto(`${server.url}/runs/${answer.headers.get('x-aos-run-id')}`);
    const panel = page.getByRole('complementary', { name: 'The chosen step' });
    const error = panel.getByRole('region', { name: 'Error' });
    await error.waitFor();
    expect(await error.textContent()).toMatch(/limit of \$12\.50 has .* may need \$1,200\.00\./);
  });

  test('the tries of a step are one row, and each of them is looked at', async () => {
    const { admin, server } = console_.gateway;
    const wrong = { id: 'flaky', skill: 'transform', params: { input: 'x', expression: 'abs(@)' }, retries: 1 };
    const body = { goal: 'Twice wrong', agent_id: 'flaky-bot', max_retries: 0, plan: { steps: [wrong] } };
    const { id } = expectStatus(202, await admin.post<{ id: string }>('/api/v1/runs', body));
    await waitFor(
      async () => expectStatus(200, await admin.get<{ status: string }>(`/api/v1/runs/${id}`)).status === 'failed',
      { what: 'the end of the run' },
    );
    await page.goto(`${server.url}/runs/${id}`);
    await settled(page);
    const rows = page.getByRole('treegrid', { name: 'Steps' }).getByRole('row');
    await rows.filter({ hasText: '2 tries' }).waitFor();
    expect(await rows.count()).toBe(2);
    const panel = page.getByRole('complementary', { name: 'The chosen step' });
    await panel.getByRole('button', { name: 'Try 2: failed' }).click();
    await panel.getByText('Try 2 of 2').waitFor();
    await panel.getByRole('button', { name: 'Try 1: failed' }).click();
    await panel.getByText('Try 1 of 2').waitFor();
    expect(await rows.filter({ hasText: '2 tries' }).getAttribute('aria-selected')).toBe('true');
    await page.getByRole('button', { name: 'Errors' }).click();
    await waitFor(async () => (await rows.count()) === 3, { what: 'each failed try in a row of its own' });
  });

  test('the parts of a step are hidden and shown by keyboard, also after a reload', async () => {
    const { admin, server } = console_.gateway;
    const body = { goal: 'A plan with parts', agent_id: 'planner', mode: 'external' };
    const { id } = expectStatus(202, await admin.post<{ id: string }>('/api/v1/runs', body));
    const ids = [makeId('step'), makeId('step')];
    const at = (s: number) => new Date(Date.now() - 60_000 + s * 1_000).toISOString();
    const told = [
      { id: ids[0], kind: 'tool', name: 'plan', started_at: at(0), ended_at: at(5) },
      { id: ids[1], kind: 'tool', name: 'look_up', parent_step_id: ids[0], started_at: at(1), ended_at: at(2) },
    ];
    expectStatus(200, await admin.post(`/api/v1/runs/${id}/steps`, { steps: told }));
    await page.goto(`${server.url}/runs/${id}?step=${ids[0]}`);
    await settled(page);
    const grid = page.getByRole('treegrid', { name: 'Steps' });
    const part = grid.getByText('look_up');
    await part.waitFor();
    await grid.focus();
    await page.keyboard.press('ArrowLeft');
    await part.waitFor({ state: 'detached' });
    await page.reload();
    await settled(page);
    await grid.getByRole('row', { name: /plan/, expanded: false }).waitFor();
    await grid.focus();
    await page.keyboard.press('ArrowRight');
    await part.waitFor();
  });

  test('the column of the steps is as wide as somebody made it, and the bars keep to their lanes', async () => {
    await page.goto(`${console_.gateway.server.url}/runs/${run_id}`);
    await settled(page);
    const head = page.getByRole('columnheader', { name: 'step', exact: true });
    const widthOf = async () => Math.round((await head.boundingBox())?.width ?? 0);
    const before = await widthOf();
    const box = await head.boundingBox();
    const [x, y] = [(box?.x ?? 0) + (box?.width ?? 0) - 2, (box?.y ?? 0) + 8];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x - 40, y, { steps: 4 });
    await page.mouse.up();
    expect(Math.abs((await widthOf()) - before + 40)).toBeLessThanOrEqual(1);
    await page.reload();
    await settled(page);
    expect(Math.abs((await widthOf()) - before + 40)).toBeLessThanOrEqual(1);

    await page.getByRole('button', { name: 'Width of the steps…' }).click();
    await page.getByLabel('Width of the steps in pixels').fill('1200');
    await page.getByRole('button', { name: 'Done' }).click();
    const grid = page.getByRole('treegrid', { name: 'Steps' });
    const beyond =
      "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('[role=treegrid]'))";
    expect(await page.evaluate(beyond)).toBe(0);
    const lane = await grid.getByRole('columnheader').nth(2).boundingBox();
    const bars = await page.locator('[role="treegrid"] + canvas').boundingBox();
    expect([bars?.x, bars?.width].map((px) => Math.round(px ?? 0))).toEqual(
      [lane?.x, lane?.width].map((px) => Math.round(px ?? 0)),
    );

    await page.getByRole('button', { name: 'Width of the steps…' }).click();
    await page.getByRole('button', { name: 'As it was' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    expect(await widthOf()).toBe(before);
  });

  test(`a run of ${many} steps keeps few rows in the page and is walked by keyboard`, async () => {
    await console_.gateway.rows(
      `insert into step_rows select tenant_id, substr(id, 1, 14) || lpad(n::text, 16, '0'), trace_id, run_id, kind, skill, params,
          status, decision_id, cost_usd, error, started_at + n * interval '1 second', ended_at + n * interval '1 second',
          duration_ms, is_synthetic
        from (select * from steps where run_id = $1 order by id limit 1) first, generate_series(1, ${many}) n`,
      [run_id],
    );
    await page.goto(`${console_.gateway.server.url}/runs/${run_id}`);
    await settled(page);
    const grid = page.getByRole('treegrid', { name: 'Steps' });
    await waitFor(async () => Number(await grid.getAttribute('aria-rowcount')) > many, { what: 'all steps' });
    expect(await grid.getByRole('row').count()).toBeLessThan(60);
    await grid.focus();
    await page.keyboard.press('End');
    await waitFor(
      async () => (await page.locator(`[aria-rowindex="${await grid.getAttribute('aria-rowcount')}"]`).count()) === 1,
      {
        what: 'the last row',
      },
    );
  });
});
