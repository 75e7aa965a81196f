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
});
