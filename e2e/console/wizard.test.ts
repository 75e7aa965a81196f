import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { api, expectStatus, makeKey, makePolicy, openaiClient } from '../parts/client.ts';
import { type Gateway, limitAgent, say } from '../parts/gateway.ts';
import { barriersInThemes } from './barriers.ts';
import { type Console, startConsole } from './browser.ts';
import { chooseTimes, tellMore } from './wizard-parts.ts';

inBrowser('The policy wizard in a browser', () => {
  let console_: Console;
  let gateway: Gateway;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    ({ gateway } = console_);
    page = await console_.open();
  });
  afterAll(() => console_?.stop());

  test('whom a policy is about is found with what it ran, chosen several at a time, and a slip is told', async () => {
    const { keyboard } = page;
    const { secret } = await makeKey(gateway.admin, { name: 'Of the wizard' });
    for (const agent of ['otter-bot', 'otter-bot', 'heron-bot']) {
      const headers = { 'x-aos-agent-id': agent };
      const body = { model: 'gpt-4o-mini', messages: say() };
      expectStatus(200, await api(gateway.server, secret).post('/v1/chat/completions', body, { headers }));
    }
    await page.goto(`${gateway.server.url}/policies/new?template=daily-cap`);
    const field = page.getByRole('combobox', { name: 'Which agents, by name or id', exact: true });
    const option = (name: RegExp) => page.getByRole('option', { name });
    const chosen = (name: string) => page.getByRole('button', { name: `Remove ${name}` });
    await field.focus();
    expect(await field.getAttribute('aria-expanded')).toBe('false');
    await keyboard.press('ArrowDown');
    await option(/^otter-bot 2 runs · \$/).waitFor();
    await option(/^heron-bot 1 run · \$/).waitFor();
    await keyboard.type('otter');
    await option(/^heron-bot/).waitFor({ state: 'detached' });
    await keyboard.press('ArrowDown');
    const under = await field.getAttribute('aria-activedescendant');
    expect(await page.locator(`[id="${under}"]`).textContent()).toContain('otter-bot');
    await keyboard.press('Enter');
    await chosen('otter-bot').waitFor();
    await keyboard.type('heron-bott');
    await option(/^heron-bot nearest match/).waitFor();
    await keyboard.press('Enter');
    await page.getByText('No agent “heron-bott” has been seen yet.').waitFor();
    await page.getByRole('button', { name: 'take heron-bot instead' }).click();
    await chosen('heron-bot').waitFor();
    expect(await chosen('heron-bott').count()).toBe(0);
    await field.focus();
    await keyboard.press('ArrowDown');
    await option(/^heron-bot/).click();
    await chosen('heron-bot').waitFor({ state: 'detached' });
    expect(await page.locator('[role="option"][aria-selected="true"]').allTextContents()).toEqual([
      expect.stringContaining('otter-bot'),
    ]);
    await keyboard.press('Escape');
    await page.getByRole('listbox', { name: /found$/ }).waitFor({ state: 'detached' });
    await keyboard.press('Backspace');
    await chosen('otter-bot').waitFor({ state: 'detached' });
  });

  test('a daily cap is made by keyboard alone and is active in shadow', async () => {
    const { keyboard } = page;
    const heading = (name: string) => page.getByRole('heading', { name, exact: true });
    await page.goto(`${gateway.server.url}/policies/new?template=daily-cap`);
    await heading('New policy').waitFor();
    await page.getByLabel('Which agents, by name or id', { exact: true }).focus();
    await keyboard.type('support-bot');
    await keyboard.press('Enter');
    await page.getByRole('button', { name: 'Remove support-bot' }).waitFor();

    await keyboard.press('Alt+3');
    await heading('Limit').waitFor();
    await page.getByLabel('At most (USD)').focus();
    await keyboard.press('Control+a');
    await keyboard.type('0');
    await page.getByText('Go to Limit').first().waitFor({ state: 'hidden' });
    await keyboard.press('Control+a');
    await keyboard.type('7.50');
    await page.getByText(/In shadow, calls of agent support-bot .*7\.50/).waitFor();
    await page.getByText('No run of this target in this time').filter({ visible: true }).waitFor();

    await keyboard.press('Control+Enter');
    await heading('Review').waitFor();
    await page.getByRole('button', { name: 'Start in shadow' }).focus();
    await keyboard.press('Enter');
    await page.getByText('Say why, in a few words.').waitFor();
    await page.getByRole('textbox', { name: 'Reason' }).focus();
    await keyboard.type('A first cap');
    await page.getByRole('button', { name: 'Start in shadow' }).focus();
    await keyboard.press('Enter');
    await page.waitForURL(/\/policies\/pol_/);

    const { body } = await gateway.admin.get<{ items: unknown[] }>('/api/v1/policies');
    expect(body.items).toEqual([
      expect.objectContaining({
        status: 'active',
        mode: 'shadow',
        target: expect.objectContaining({ kind: 'agent', ids: ['support-bot'] }),
        controls: [
          expect.objectContaining({ action: 'block', limit: expect.objectContaining({ max: '7.500000000' }) }),
        ],
      }),
    ]);
  });

  const preview = () => page.getByRole('region', { name: 'Preview' });
  const document = (name: string, more: object = {}) => ({
    ...{ name, target: { kind: 'agent', ids: ['busy-bot'] } },
    controls: [{ limit: { type: 'requests', max: 100, window: { per: 'day' } }, action: 'block' }],
    ...more,
  });

  test('who else decides, what callers could walk around and what would act at once are told', async () => {
    const { admin } = gateway;
    const key = await makeKey(admin, { name: 'free' });
    const caller = openaiClient(gateway.server, key.secret, { defaultHeaders: { 'x-aos-agent-id': 'busy-bot' } });
    const ceiling = await makePolicy(admin, document('Ceiling', { target: { kind: 'all_runs' } }));
    for (const _ of [1, 2]) await caller.chat.completions.create({ model: 'gpt-4o-mini', messages: say() });

    await page.goto(`${gateway.server.url}/policies/new?template=daily-cap`);
    await page.getByLabel('Which agents, by name or id', { exact: true }).fill('busy-bot');
    await page.keyboard.press('Enter');
    const who = preview().getByRole('region', { name: 'Who else decides' });
    const other = who.getByRole('row', { name: /Ceiling/ });
    await other.getByText('requests 100 in one day (UTC)').waitFor();
    await other.getByText('2 %', { exact: true }).waitFor();
    expect(await other.getByRole('link', { name: 'Ceiling' }).getAttribute('href')).toBe(`/policies/${ceiling.id}`);
    expect(await who.locator('tr[aria-current]').textContent()).toContain('This policy');
    await page.getByText(/of project default can claim any agent id; a caller can avoid this policy/).waitFor();
    expect(await page.getByRole('link', { name: 'Bind keys →' }).getAttribute('href')).toBe('/settings/api-keys');
    await who.getByRole('link', { name: 'Explain a specific call →' }).click();
    await expect.poll(() => page.getByLabel('Agent', { exact: true }).inputValue()).toBe('busy-bot');

    const lower = { limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'block' };
    const [control] = ceiling.controls as { id: string }[];
    const lowered = document('Ceiling', { target: { kind: 'all_runs' }, controls: [{ ...lower, id: control?.id }] });
    const lint = await admin.post<{ findings: { message: string }[] }>('/api/v1/policies/lint', {
      document: lowered,
      policy_id: ceiling.id,
    });
    expect(lint.body.findings.map(({ message }) => message)).toEqual([
      'controls[0]: would act immediately: 2 already used, 1 allowed in one day (UTC)',
    ]);
    const plan = await admin.post<{ policies: { warnings: string[] }[] }>('/api/v1/policies/apply', {
      ...{ yaml: JSON.stringify(document('Busy')), dry_run: true, reason: 'lint' },
    });
    expect(plan.body.policies[0]?.warnings).toContainEqual(expect.stringContaining('can claim any agent id'));
  });

  test('the preview tells what would become of runs, whom it would hit, and names each run that it knows', async () => {
    for (let n = 0; n < 7; n++) {
      const headers = {
        'x-aos-agent-id': 'crane-bot',
        'x-aos-session-id': `crane-${n}`,
        'x-aos-actor-id': n < 5 ? 'ines' : 'omar',
      };
      const body = { model: 'gpt-4o-mini', messages: say() };
      expectStatus(200, await gateway.admin.post('/v1/chat/completions', body, { headers }));
    }
    await gateway.untilSettled();
    const requests = (max: number, action: string) => ({
      ...{ limit: { type: 'requests', max, window: { per: 'day' } }, action },
    });
    const { id } = await makePolicy(gateway.admin, {
      ...{ name: 'Cranes', target: { kind: 'agent', ids: ['crane-bot'] } },
      controls: [requests(1, 'warn'), requests(4, 'block')],
    });
    await page.goto(`${gateway.server.url}/policies/${id}/edit`);
    await preview().getByText('Runs: 3 blocked, 3 warned').waitFor();
    await preview()
      .getByText(/^2 people: 67 % at ines, 33 % at omar$/)
      .waitFor();
    const examples = preview().getByRole('link', { name: /^run_/ });
    expect(await examples.count()).toBe(5);
    await preview().getByRole('button', { name: '1 more' }).click();
    expect(await examples.count()).toBe(6);
  });

  test('a preview says what an edit changes, is called off, and is over a time that is written', async () => {
    const same =
      /^Against the policy as it is \(v\d+\): 0 runs newly .*, 7 unchanged \(3 of them stopped as before\)\.$/;
    await preview().getByText(same).waitFor();
    const [{ id }] = (await gateway.rows('select id from previews order by id desc limit 1')) as [{ id: string }];
    const asked = `${gateway.server.url}/api/v1/policies/preview`;
    await page.route(asked, async (route) => {
      const answer = (await (await route.fetch()).json()) as object;
      await route.fulfill({ json: { ...answer, id, status: 'running', result: null } });
    });
    const running = "status = 'running', result = null, calls_done = 5, calls_total = 9, touched_at = now()";
    await gateway.change(`update previews set ${running} where id = '${id}'`);
    await preview().getByLabel('Over').selectOption('24');
    await preview().getByText('Computing … 5 of about 9 calls. What stands below is of before.').waitFor();
    await preview().getByText(same).waitFor();
    await preview().getByRole('button', { name: 'Cancel' }).click();
    await preview().getByText('Cancelled. What stands below is of before.').waitFor();
    const of = async () => (await gateway.rows('select status from previews where id = $1', [id]))[0];
    await expect.poll(of).toEqual({ status: 'cancelled' });
    expect(
      await preview()
        .getByRole('button', { name: 'Compute' })
        .evaluate((at) => at.matches(':focus')),
    ).toBe(true);
    await page.unroute(asked);
    await page.keyboard.press('Enter');
    await preview().getByText('Cancelled.').waitFor({ state: 'detached' });
    await preview().getByText(same).waitFor();

    await preview().getByLabel('Over').selectOption('between');
    await preview().getByText('Computing …').waitFor({ state: 'detached' });
    await preview().getByText(same).waitFor();
    await preview().getByLabel('To (UTC)').fill('2020-01-01T10:00');
    await preview().getByText('The end must come after the beginning.').waitFor();
    await preview().getByLabel('From (UTC)').fill('2019-12-31T10:00');
    await preview().getByText('No run of this target in this time: 0 calls').waitFor();
    await preview().getByText("npx aos simulate --agent=crane-bot 'What it is to do'", { exact: true }).waitFor();
    expect.soft(await barriersInThemes(page)).toEqual([]);
    await preview().getByRole('button', { name: 'Try project scope: default' }).click();
    const sentence = (whom: string) => page.getByText(new RegExp(`^Calls of ${whom} `)).first();
    await sentence('project default').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await sentence('agent crane-bot').waitFor();
  });

  test('what a policy in shadow would have stopped is judged by y and n, and said before it is put in force', async () => {
    const limit = { type: 'requests', max: 1, window: { per: 'day' } };
    const { id } = await limitAgent(gateway, 'newt-bot', { limit, action: 'block' }, { mode: 'shadow' });
    const headers = { 'x-aos-agent-id': 'newt-bot' };
    for (const _ of [1, 2, 3]) {
      const body = { model: 'gpt-4o-mini', messages: say() };
      expectStatus(200, await gateway.admin.post('/v1/chat/completions', body, { headers }));
    }
    await gateway.untilSettled();
    await page.goto(`${gateway.server.url}/policies/${id}`);
    await page
      .getByText(
        /^In shadow .* · 3 evaluated · 2 would be stopped \(67 %\) · 0 marked right, 0 wrong · added latency p95 \d+ ms with all policies$/,
      )
      .waitFor();
    const hits = page.getByRole('list', { name: 'Calls it would have stopped' }).getByRole('listitem');
    await hits.nth(1).waitFor();
    await hits.first().focus();
    await page.keyboard.press('n');
    await page.getByText(/ · 0 marked right, 1 wrong · /).waitFor();
    await page.keyboard.press('y');
    await page.getByText(/ · 1 marked right, 1 wrong · /).waitFor();
    expect(await hits.first().textContent()).toMatch(/wrong by \S/);
    await page.keyboard.press('k');
    await hits.first().getByRole('button', { name: 'Right' }).click();
    await page.getByText(/ · 2 marked right, 0 wrong · /).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('It would have been right to stop it').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Enforce…' }).click();
    const doubts = page.getByRole('dialog').getByRole('note');
    await doubts.getByText('less than 24 hours').waitFor();
    await doubts.getByText('3 calls only').waitFor();
    await page.keyboard.press('Escape');
    const today = new Date().toISOString().slice(8, 10).replace(/^0/, '');
    await page.getByRole('img', { name: new RegExp(`^Day by day: .* to \\w+ ${today}$`) }).waitFor();
    expect(await gateway.rows("select count(*)::int as n from audit_ledger where event = 'POLICY_JUDGED'")).toEqual([
      { n: 3 },
    ]);
  });

  test('an amount is chosen by what past days used: by their nineteen of twenty, by slider, by hand', async () => {
    await page.goto(`${gateway.server.url}/policies/new?template=daily-cap&agent=otter-bot&step=limit`);
    const use = page.getByRole('region', { name: 'Past use' });
    const field = page.getByLabel('At most (USD)');
    await use.getByText(/^p50 \$\S+ · p95 \$\S+ · max \$\S+$/).waitFor();
    await use.getByText(/Possible overshoot: none.* The largest past call used \$/).waitFor();
    expect(await use.getByRole('img').getAttribute('aria-label')).toMatch(/p95 \$.*; the limit is \$10\.00$/);
    await field.fill('');
    await use.getByRole('button', { name: /^use p95 \$/ }).click();
    const chosen = Number(await field.inputValue());
    expect(chosen).toBeGreaterThan(0);
    expect(chosen).toBeLessThan(1);
    const line = await use.locator('[role="img"] > i').boundingBox();
    const words = await use.getByText(/^limit \$/).boundingBox();
    expect(line && words && line.x >= words.x - 2 && line.x <= words.x + words.width + 2).toBe(true);
    await use.getByRole('slider').focus();
    await page.keyboard.press('ArrowLeft');
    expect(Number(await field.inputValue())).toBeLessThan(chosen);
    await use.getByText('View as table').click();
    await use.getByRole('columnheader', { name: 'windows' }).waitFor();
  });

  test('when a policy ends by itself is chosen as a date and a time of a named zone', async () => {
    await page.goto(`${gateway.server.url}/policies/new?template=daily-cap&agent=otter-bot`);
    await page.getByRole('heading', { name: 'New policy' }).waitFor();
    await page.keyboard.press('Alt+6');
    await page.getByText('Description, owner, tags, start, end').click();
    await chooseTimes(page);
    await page.getByRole('button', { name: 'Discard' }).click();
  });

  test('a draft is kept over a reload, shown as YAML, mended from its review, and discarded when that is said', async () => {
    const url = `${gateway.server.url}/policies/new?template=daily-cap`;
    const dialog = page.getByRole('dialog');
    const limit = page.getByLabel('At most (USD)');
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    await page.goto(`${url}&step=limit`);
    await limit.fill('much');
    const error = page.getByText('must be', { exact: false }).first();
    await error.waitFor();
    const described = await limit.getAttribute('aria-describedby');
    expect(await page.locator(`[id="${described}"]`).count()).toBe(1);
    await page.getByText(/^Kept in this browser \d\d:\d\d:\d\d$/).waitFor();
    await page.reload();
    await expect.poll(() => limit.inputValue()).toBe('much');

    await button('YAML').click();
    await dialog.getByText('max: much').waitFor();
    await button('Close').click();
    await page.keyboard.press('Control+Enter');
    await dialog.getByRole('button', { name: 'Go to Limit' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await expect.poll(() => limit.evaluate((field) => field.matches(':focus'))).toBe(true);

    await button('Discard').click();
    await dialog.getByText('What was written here is lost.').waitFor();
    await button('Keep writing').click();
    await button('Discard').click();
    await button('Discard the draft').click();
    await page.waitForURL(/\/policies$/);
    await page.goto(`${url}&step=limit`);
    await expect.poll(() => limit.inputValue()).toBe('10.00');
  });

  test('a review of an edit says in words what changes, and what was saved is taken back as a new version', async () => {
    const { id } = await makePolicy(gateway.admin, document('Edited', { owner: 'ops' }));
    const dialog = page.getByRole('dialog');
    await page.goto(`${gateway.server.url}/policies/${id}/edit?step=limit`);
    await page.getByLabel('At most (calls)').fill('250');
    await page.keyboard.press('Control+Enter');
    await dialog.getByText('Limit on requests: at most: 100 becomes 250').waitFor();
    await dialog.getByRole('button', { name: 'As JSON' }).click();
    await dialog.getByText('controls[0].limit.max').waitFor();
    await dialog.getByText(/can claim any agent id/).waitFor();
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('More traffic');
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/policies/${id}$`));
    await page.getByRole('button', { name: 'Copy YAML' }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    const now = async () =>
      (await gateway.admin.get<{ version: number; controls: object[] }>(`/api/v1/policies/${id}`)).body;
    await expect.poll(async () => (await now()).version).toBe(4);
    expect((await now()).controls).toMatchObject([{ limit: { max: 100 } }]);
  });

  test('every step and the review can be used by everybody in both themes; who is told is named there', async () => {
    const dialog = page.getByRole('dialog');
    await page.goto(`${gateway.server.url}/policies/new?template=daily-cap&agent=otter-bot`);
    for (const [n, name] of ['Target', 'Watch', 'Limit', 'Alert', 'Action', 'Save & activate'].entries()) {
      await page.keyboard.press(`Alt+${n + 1}`);
      await page.getByRole('heading', { name, exact: true }).waitFor();
      await page.locator('[aria-label^="Loading"]').first().waitFor({ state: 'detached' });
      expect.soft([name, await barriersInThemes(page)]).toEqual([name, []]);
    }
    await page.keyboard.press('Alt+3');
    await page.getByLabel('separately').check();
    await page.getByText(/^Each actor has \$[\d.]+ per day\.$/).waitFor();
    await page.keyboard.press('Alt+4');
    await page.getByLabel('At these parts of the limit, in percent', { exact: true }).fill('20%');
    await page.keyboard.press('Enter');
    await page.getByText(/with alerts to console at 20 %, 50 %, 70 % and 90 %/).waitFor();
    await page.getByRole('button', { name: 'Remove 50', exact: true }).click();
    await page.getByText(/at 20 %, 70 % and 90 %/).waitFor();
    await tellMore(page);
    await page.keyboard.press('Control+Enter');
    await dialog.getByText('Told: Console').waitFor();
    expect.soft(['review', await barriersInThemes(page)]).toEqual(['review', []]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Alt+4');
    await page.getByRole('checkbox', { name: /^Console/ }).uncheck();
    await page.keyboard.press('Control+Enter');
    await dialog.getByText('Nobody is told').waitFor();
    await page.keyboard.press('Escape');
  });

  test('what may stop everybody is put in force only when that is typed', async () => {
    const dialog = page.getByRole('dialog');
    await page.goto(`${gateway.server.url}/policies/new?template=requests-per-minute`);
    await page.getByRole('button', { name: 'Review', exact: true }).click();
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('For all');
    await dialog.getByRole('button', { name: 'Activate now' }).click();
    await dialog.getByText('Type "all runs", or begin in shadow.').waitFor();
    await dialog.getByLabel(/This can stop every call of the tenant/).fill('all runs');
    await dialog.getByRole('button', { name: 'Activate now' }).click();
    await page.waitForURL(/\/policies\/pol_/);
  });
});
