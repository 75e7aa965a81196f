import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { expectStatus, makePolicy, type PolicyBody, waitFor } from '../parts/client.ts';
import { limitAgent, say } from '../parts/gateway.ts';
import { type Console, settled, startConsole } from './browser.ts';

type Limited = PolicyBody & { controls: { id: string }[] };

inBrowser('Limits in the console', () => {
  let console_: Console;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    page = await console_.open();
  });
  afterAll(() => console_?.stop());

  const goTo = async (path: string) => {
    await page.goto(`${console_.gateway.server.url}${path}`);
    await settled(page);
  };
  const limited = async (agent: string, limit: object, action = 'block') => {
    const { controls } = (await limitAgent(console_.gateway, agent, { limit, action })) as Limited;
    return controls[0]?.id ?? '';
  };
  const ask = (agent: string, more: Record<string, string> = {}) => {
    const headers = { 'x-aos-agent-id': agent, ...more };
    return console_.gateway.admin.post('/v1/chat/completions', { model: 'gpt-4o-mini', messages: say() }, { headers });
  };
  const capOf = async (id: string) => {
    const state = await console_.gateway.admin.get<{ cap: string | number }>(`/api/v1/limits/${id}/state`);
    return Number(expectStatus(200, state).cap);
  };

  test('a budget for a month is raised as the dialog offers it, on the first day of the month too', async () => {
    const id = await limited('month-bot', { type: 'cost_usd', max: '100', window: { per: 'month' } });
    await goTo(`/limits?limit=${id}`);
    await page.getByRole('button', { name: 'Raise once…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Raise this limit once' });
    await dialog.getByLabel('How much more (usd)').fill('5');
    await dialog.getByLabel('Reason').fill('The import of December');
    await dialog.getByRole('button', { name: 'Raise by $5.00' }).click();
    await page.getByText('Raised to $105.00').waitFor();
    expect(await capOf(id)).toBe(105);
  });

  test('a run that such a limit paused is let go on with more room', async () => {
    const { admin } = console_.gateway;
    const id = await limited('paused-bot', { type: 'steps', max: 1, window: { per: 'month' } }, 'pause');
    const plan = {
      steps: ['a', 'b'].map((of) => ({ id: of, skill: 'transform', params: { input: 1, expression: '@' } })),
    };
    const goal = { goal: 'Two steps', agent_id: 'paused-bot', plan };
    const run = expectStatus(202, await admin.post<{ id: string }>('/api/v1/runs', goal));
    await goTo(`/runs/${run.id}`);
    await page.getByRole('button', { name: 'Resume…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Resume this run?' });
    await dialog.getByLabel('Raise the limit once by (steps)').fill('3');
    await dialog.getByLabel('Reason').fill('It may have three more');
    await dialog.getByRole('button', { name: 'Resume' }).click();
    const statusOf = async () =>
      expectStatus(200, await admin.get<{ status: string }>(`/api/v1/runs/${run.id}`)).status;
    await waitFor(async () => (await statusOf()) === 'succeeded', { what: 'the end of the run' });
    expect(await capOf(id)).toBe(4);
  });

  test('what bounds single runs is no budget of the overview', async () => {
    for (const per of ['run', 'session', 'day'])
      await makePolicy(console_.gateway.admin, {
        ...{ name: `Cap of a ${per}`, target: { kind: 'agent', ids: ['short-bot'] } },
        controls: [{ limit: { type: 'cost_usd', max: '0.50', window: { per } }, action: 'block' }],
      });
    for (const session of ['one', 'two']) await ask('short-bot', { 'x-aos-session-id': session });
    await goTo('/');
    const money = page.getByRole('region', { name: 'Spend against budgets' });
    await money.getByRole('link', { name: 'Cap of a day' }).waitFor();
    expect(await money.getByRole('link', { name: /^Cap of a (run|session)/ }).count()).toBe(0);
  });

  test('a refusal says whose balance was full and when it resets, in its decision, its step and its incident', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const resets = new RegExp(`resets (${tomorrow}|${new Date().toISOString().slice(0, 10)}) 00:00 UTC`);
    await limited('daily-bot', { type: 'requests', max: 1, window: { per: 'day' } });
    await ask('daily-bot');
    const refused = await ask('daily-bot');
    expect(refused.status).toBe(402);
    const run_id = refused.headers.get('x-aos-run-id') ?? '';
    await goTo(`/d/${refused.headers.get('x-aos-decision-id')}`);
    await page.getByRole('paragraph').filter({ hasText: resets }).waitFor();
    await page.getByRole('cell', { name: resets }).waitFor();
    await goTo(`/runs/${run_id}`);
    const step = page.getByRole('complementary', { name: 'The chosen step' });
    await step.getByRole('paragraph').filter({ hasText: resets }).waitFor();
    const incidents = await console_.gateway.admin.get<{ items: { id: string }[] }>(`/api/v1/incidents?run=${run_id}`);
    await goTo(`/incidents/${expectStatus(200, incidents).items[0]?.id}`);
    const evidence = page.getByRole('region', { name: 'Evidence' });
    await evidence.getByText('Resets', { exact: true }).waitFor();
    await evidence.getByText(/^\d{4}-\d\d-\d\d 00:00 UTC$/).waitFor();

    await limited('stepping-bot', { type: 'steps', max: 1, window: { per: 'run' } });
    const first = await ask('stepping-bot');
    const own = first.headers.get('x-aos-run-id') ?? '';
    const second = await ask('stepping-bot', { 'x-aos-run-id': own });
    await goTo(`/d/${second.headers.get('x-aos-decision-id')}`);
    await page.getByRole('cell', { name: new RegExp(`for agent, counted for run_.*${own.slice(-6)}$`) }).waitFor();
  });

  test('of more balances than are listed the fullest are, and the list says so', async () => {
    const each = { type: 'requests', max: 100, window: { per: 'day' }, count_per: 'agent' };
    await makePolicy(console_.gateway.admin, {
      ...{ name: 'For each of many', target: { kind: 'all_runs' } },
      controls: [{ limit: each, action: 'block' }],
    });
    for (let n = 0; n < 5; n++) await ask('first-of-many');
    for (let n = 1; n <= 10; n++) await ask(`other-${n}-of-many`);
    await goTo('/limits');
    const list = page.getByRole('grid', { name: 'Limits' });
    await list.getByRole('row').filter({ hasText: 'For each of many' }).filter({ hasText: '5 %' }).waitFor();
    await page.getByText('one limit has more: of each the 10 fullest are listed').waitFor();
  });
});
