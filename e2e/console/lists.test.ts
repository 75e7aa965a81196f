import { readFileSync } from 'node:fs';
import { list_commands } from '@aos/console/parts/list-command.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { waitFor } from '../parts/client.ts';
import { aos } from '../parts/command.ts';
import { limitAgent, say } from '../parts/gateway.ts';
import { type Console, settled, startConsole } from './browser.ts';
import { hanging } from './hanging.ts';

inBrowser('Lists of the console', () => {
  let console_: Console;
  let page: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    page = await console_.open();
  });
  afterAll(async () => {
    await console_?.stop();
  });

  const goTo = async (path: string) => {
    await page.goto(`${console_.gateway.server.url}${path}`);
    await settled(page);
  };
  const button = (name: string | RegExp) => page.getByRole('button', { name });

  test('chosen runs are paused with a way back, resumed and killed together, and no other', async () => {
    const { gateway } = console_;
    const ends = ['one', 'two', 'three'].map((agent) => hanging(gateway, agent));
    const { stub, rows } = gateway;
    await waitFor(async () => stub.log.filter(({ closed_at }) => closed_at === null).length === 3, {
      what: 'three calls under way',
    });
    await goTo('/activity/live');
    const grid = page.getByRole('grid', { name: 'Live runs' });
    await waitFor(async () => (await grid.getByRole('row').count()) === 4, { what: 'three rows' });
    await grid.focus();
    for (const key of ['x', 'j', 'x']) await page.keyboard.press(key);
    const chosen = page.getByRole('region', { name: 'Chosen rows' });
    await chosen.getByText('2 chosen').waitFor();
    await chosen.getByRole('button', { name: 'Pause 2' }).click();
    await page.getByText('2 runs paused').waitFor();
    const paused = () => rows("select hold from runs where hold = 'paused'");
    expect(await paused()).toHaveLength(2);
    await chosen.waitFor({ state: 'detached' });
    await button('Undo').click();
    await page.getByText('2 runs resumed').waitFor();
    expect(await paused()).toHaveLength(0);

    await waitFor(async () => (await grid.getByText(/paused/i).count()) === 0, { what: 'a list that says so' });
    await grid.focus();
    for (const key of ['Home', 'p']) await page.keyboard.press(key);
    await page.getByText(/^Paused run …\w+ of (one|two|three): its calls wait/).waitFor();
    for (const key of ['x', 'j', 'x']) await page.keyboard.press(key);
    await chosen.getByRole('button', { name: 'Resume 1…' }).click();
    await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('They may go on');
    await page.keyboard.press('Control+Enter');
    await page.getByText('1 run resumed').waitFor();
    expect(await paused()).toHaveLength(0);
    await chosen.waitFor({ state: 'detached' });

    await grid.focus();
    for (const key of ['Home', 'x', 'j', 'x']) await page.keyboard.press(key);
    await chosen.getByRole('button', { name: 'Kill 2…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(/Ends 2 runs of 2 agents for good\. Together they have cost \$/).waitFor();
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('They hang');
    await page.keyboard.press('Control+Enter');
    await dialog.getByText('2 of 2 confirmed by every process').waitFor();
    await waitFor(async () => stub.log.filter(({ closed_by }) => closed_by === 'client').length === 2, {
      what: 'two closed connections',
    });
    await dialog.getByRole('button', { name: 'Close' }).click();
    const states = await rows<{ status: string }>('select status from runs order by status');
    expect(states.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'running']);
    const [left] = await rows<{ id: string }>("select id from runs where status = 'running'");
    await console_.gateway.admin.post(`/api/v1/runs/${left?.id}/kill`, { reason: 'The end of the test' });
    expect(await Promise.all(ends)).not.toContain('it ended by itself');
  });

  test('a list is had as a file of exactly what it is narrowed to', async () => {
    await goTo('/activity/completed?agent=one');
    await page.getByText('1–1 of 1').waitFor();
    await button('More about completed runs').click();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Download as CSV' }).click(),
    ]);
    const [head = '', ...lines] = readFileSync(await file.path(), 'utf8')
      .trim()
      .split('\r\n');
    expect(file.suggestedFilename()).toBe('completed-runs.csv');
    expect(head.split(',')).toEqual(expect.arrayContaining(['id', 'agent_slug', 'estimated_cost_usd']));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(',one,');
  });

  test('a row is filtered out by what it has, which its chip, command and address say', async () => {
    await goTo('/activity/completed');
    await page.getByText('1–3 of 3').waitFor();
    const grid = page.getByRole('grid', { name: 'Completed runs' });
    await grid.getByRole('row').filter({ hasText: 'two' }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Filter out Agent: two' }).click();
    await page.getByText('1–2 of 2').waitFor();
    expect(await grid.getByText('two', { exact: true }).count()).toBe(0);
    expect(new URL(page.url()).searchParams.getAll('agent')).toEqual(['!two']);
    await page.getByRole('search').getByText('agent not two').waitFor();

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await button('More about completed runs').click();
    await page.getByRole('menuitem', { name: 'Copy as command' }).click();
    await page.getByText('Copied the command').waitFor();
    const said = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(said).toBe("npx aos runs list --completed --agent '!two'");
    const { url, admin_key } = console_.gateway.server;
    const ran = await aos(
      { AOS_URL: url, AOS_API_KEY: admin_key },
      ...said.replaceAll("'", '').split(' ').slice(2),
      '--json',
    );
    const { items } = JSON.parse(ran.out) as { items: { agent_slug: string }[] };
    expect(items.map(({ agent_slug }) => agent_slug).sort()).toEqual(['one', 'three']);

    const field = page.getByLabel('Filter by name:value');
    await field.fill('agent:!one agent:!three');
    await field.press('Enter');
    await button('Remove agent: not two, not one, not three').waitFor();
    await button('Remove Agent not two').click();
    await page.getByText('1–1 of 1').waitFor();
    await grid.getByText('two', { exact: true }).waitFor();
  });

  test('a list is had as the command that lists the same, where there is one', async () => {
    const { url, admin_key } = console_.gateway.server;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await goTo('/activity/completed?agent=one');
    await page.getByText('1–1 of 1').waitFor();
    await button('More about completed runs').click();
    await page.getByRole('menuitem', { name: 'Copy as command' }).click();
    await page.getByText('Copied the command').waitFor();
    const said = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(said).toBe('npx aos runs list --completed --agent one');
    const ran = await aos({ AOS_URL: url, AOS_API_KEY: admin_key }, ...said.split(' ').slice(2), '--json');
    expect(JSON.parse(ran.out)).toMatchObject({ total: 1, items: [{ agent_slug: 'one' }] });
    await goTo('/logs/audit?project=default');
    await button('More about ledger entries').click();
    await page.getByRole('menuitem', { name: 'No command has these filters', disabled: true }).waitFor();
    await page.keyboard.press('Escape');
  });

  test('runs that were killed are called so, in the list and by the command', async () => {
    await goTo('/activity/completed');
    const grid = page.getByRole('grid', { name: 'Completed runs' });
    const killed = grid.getByRole('gridcell', { name: 'Killed', exact: true });
    await killed.first().waitFor();
    expect(await killed.count()).toBe(3);
    expect(await grid.getByText('Cancelled').count()).toBe(0);
    const { url, admin_key } = console_.gateway.server;
    const { out } = await aos({ AOS_URL: url, AOS_API_KEY: admin_key }, 'runs', 'list', '--status', 'cancelled');
    expect(out.match(/\bkilled\b/g)).toHaveLength(3);
  });

  test('filters say how many rows each value would list, and the foot of which time it is', async () => {
    await goTo('/activity/completed?agent=one');
    await page.getByText('1–1 of 1 · all time · filtered by 1 · query').waitFor();
    await button('Outcome').click();
    await page.getByRole('menuitemcheckbox', { name: 'cancelled 1' }).waitFor();
    await page.getByRole('menuitemcheckbox', { name: 'succeeded 0' }).waitFor();
    await page.keyboard.press('Escape');
    await button(/^Agent/).click();
    for (const name of ['one 1', 'two 1', 'three 1']) await page.getByRole('menuitemcheckbox', { name }).waitFor();
    await page.keyboard.press('Escape');
    await goTo('/logs/audit?event=RUN_KILLED');
    await button(/^Event/).click();
    await page.getByRole('menuitemcheckbox', { name: 'RUN_KILLED 3' }).waitFor();
    await page.keyboard.press('Escape');
    await goTo('/logs?last=all&agent=one');
    await button(/^Model/).click();
    await page.getByRole('menuitemcheckbox', { name: 'gpt-4o-mini 1' }).waitFor();
    await page.keyboard.press('Escape');
    await goTo('/logs/audit');
    await page.getByText(/of \d+ · last 24 h · query/).waitFor();
    await button('Last 24 h').click();
    await page.getByRole('menuitem', { name: 'All time' }).click();
    await page.getByText(/of \d+ · all time · query/).waitFor();
    expect(new URL(page.url()).search).toBe('?last=all');
    await goTo('/logs/audit?event=RUN_KILLED');
    await page.getByText('1–3 of 3 · all time · filtered by 1').waitFor();
  });

  test('a query of filters, comparisons and text is one question everywhere', async () => {
    await goTo('/activity/completed');
    const grid = page.getByRole('grid', { name: 'Completed runs' });
    const field = page.getByLabel('Filter by name:value, or search');
    expect(await field.getAttribute('placeholder')).toBe('agent:support-bot status:failed_policy cost:>0.5 "timeout"');
    await field.fill('model:gpt-4o-mini cost:<1 elapsed:>1ms "one"');
    await field.press('Enter');
    await page.getByText('1–1 of 1').waitFor();
    await page.getByRole('search').getByText('text one').waitFor();
    const asked = new URL(page.url()).searchParams;
    expect(Object.fromEntries(asked)).toEqual({ model: 'gpt-4o-mini', cost: '<1', elapsed: '>1ms', q: 'one' });

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await button('More about completed runs').click();
    await page.getByRole('menuitem', { name: 'Copy as command' }).click();
    await page.getByText('Copied the command').waitFor();
    const said = await page.evaluate<string>('navigator.clipboard.readText()');
    for (const part of ['--search one', "--cost '<1'", "--elapsed '>1ms'", '--model gpt-4o-mini'])
      expect(said).toContain(part);
    const { url, admin_key } = console_.gateway.server;
    const ran = await aos(
      { AOS_URL: url, AOS_API_KEY: admin_key },
      ...said.replaceAll("'", '').split(' ').slice(2),
      '--json',
    );
    expect(JSON.parse(ran.out)).toMatchObject({ total: 1, items: [{ agent_slug: 'one', is_killed: true }] });

    await field.fill('cost:>5');
    await field.press('Enter');
    await button('Remove cost: <1, >5').waitFor();
    await page.getByText('0 → 1').first().waitFor();
    await field.fill('cost:about-5');
    await field.press('Enter');
    await grid.getByText('must be a comparison: >0.5').waitFor();
  });

  test('every command that a list names is one, with every option it names', async () => {
    for (const listing of Object.values(list_commands)) {
      const words = listing?.command.split(' ') ?? [];
      const { code, out } = await aos({}, ...words.filter((word) => !word.startsWith('--')), '--help');
      const options = [...words.filter((word) => word.startsWith('--')), ...Object.values(listing?.options ?? {})];
      const missing = options.filter(
        (option) => option !== '--project' && !out.includes(`${option} `) && !out.includes(`${option}\n`),
      );
      expect([listing?.command, code, missing]).toEqual([listing?.command, 0, []]);
    }
  });

  test('columns and views stay with the browser', async () => {
    await goTo('/activity/completed?agent=one');
    const head = page.getByRole('columnheader', { name: 'Duration' });
    await head.waitFor();
    await button('More about completed runs').click();
    await page.getByRole('menuitem', { name: 'Columns…' }).click();
    await page.getByRole('checkbox', { name: 'Duration' }).uncheck();
    await button('Done').click();
    expect(await head.count()).toBe(0);
    await button('Views').click();
    await page.getByRole('menuitem', { name: 'Save this view…' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Those of one');
    await page.keyboard.press('Enter');
    await goTo('/activity/completed');
    expect(await head.count()).toBe(0);
    await button('Views').click();
    await page.getByRole('menuitem', { name: 'Those of one' }).click();
    await page.waitForURL(/agent=one/);
  });

  test('after a click on a row the keys of the list go on from it', async () => {
    await goTo('/activity/completed');
    const rows = page.getByRole('grid', { name: 'Completed runs' }).getByRole('row');
    await rows
      .nth(2)
      .getByRole('gridcell')
      .filter({ hasText: /^(?:one|two|three)$/ })
      .click();
    await page.waitForURL(/peek=run_/);
    const clicked = new URL(page.url()).searchParams.get('peek');
    await page.keyboard.press('k');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/runs/${clicked}`);
  });

  test('filters that are written or pressed at once are all kept', async () => {
    await goTo('/activity/completed');
    await page.keyboard.press('/');
    await page.keyboard.type('agent:one model:gpt-4o-mini');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Remove Agent one' }).waitFor();
    expect(new URL(page.url()).search).toBe('?agent=one&model=gpt-4o-mini');
    await button('Outcome').click();
    // In one turn of the page, before it can have shown the first.
    await page.getByRole('menuitemcheckbox').evaluateAll((items) => {
      for (const item of items.slice(0, 2)) (item as { click(): void }).click();
    });
    await waitFor(async () => new URL(page.url()).searchParams.getAll('status').length === 2, { what: 'two outcomes' });
  });

  test('a column is made wider by its edge or by a number, stays so, and is as it was again', async () => {
    await goTo('/activity/completed?agent=one');
    const openColumns = async () => {
      await button('More about completed runs').click();
      await page.getByRole('menuitem', { name: 'Columns…' }).click();
    };
    await openColumns();
    await page.getByRole('checkbox', { name: 'Duration' }).check();
    await button('Done').click();
    const head = page.getByRole('columnheader', { name: 'Agent' });
    const widthOf = async () => Math.round((await head.boundingBox())?.width ?? 0);
    const before = await widthOf();
    const edge = async () => {
      const box = await head.boundingBox();
      return [(box?.x ?? 0) + (box?.width ?? 0) + 6, (box?.y ?? 0) + 8] as const;
    };
    const [x, y] = await edge();
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 40, y, { steps: 4 });
    await page.mouse.up();
    expect(Math.abs((await widthOf()) - before - 40)).toBeLessThanOrEqual(1);
    await goTo('/activity/completed?agent=one');
    expect(Math.abs((await widthOf()) - before - 40)).toBeLessThanOrEqual(1);
    const cell = page.getByRole('grid').getByRole('gridcell').filter({ hasText: /^one$/ }).first();
    expect(Math.round((await cell.boundingBox())?.width ?? 0)).toBe(await widthOf());
    await page.mouse.dblclick(...(await edge()));
    expect(await widthOf()).toBe(before);

    await openColumns();
    const width = page.getByLabel('Width of Agent in pixels');
    await width.fill('220');
    await width.fill('22');
    await button('Done').click();
    expect(await widthOf()).toBe(220);
    await openColumns();
    expect(await width.inputValue()).toBe('220');
    await button('As they were').click();
    expect(await width.inputValue()).toBe('');
    await button('Done').click();
    expect(await widthOf()).toBe(before);
  });

  test('a call that waits for a person is let go on from the page of its run', async () => {
    const { gateway } = console_;
    await limitAgent(gateway, 'asking-bot', {
      limit: { type: 'requests', max: 1, window: { per: 'day' } },
      action: 'pause',
      pause: { wait_seconds: 60 },
    });
    const client = gateway.openai({ defaultHeaders: { 'x-aos-agent-id': 'asking-bot' }, maxRetries: 0 });
    const ask = () => client.chat.completions.create({ model: 'gpt-4o-mini', messages: say() });
    await ask();
    const second = ask();
    const asked = async () => gateway.rows<{ run_id: string }>("select run_id from approvals where status = 'pending'");
    await waitFor(async () => (await asked()).length === 1, { what: 'the question' });
    await goTo(`/runs/${(await asked())[0]?.run_id}`);
    const question = page.getByRole('region', { name: 'Waits for a person' });
    await question.getByRole('button', { name: 'Approve…' }).click();
    await page.getByText('every call that this limit counts, of other runs too').waitFor();
    await page.getByRole('textbox', { name: 'Reason' }).fill('One more import');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Say by how much, or confirm').waitFor();
    expect(await asked()).toHaveLength(1);
    await page.getByLabel(/Raise the limit once/).fill('5');
    await page.getByRole('textbox', { name: 'Reason' }).focus();
    await page.keyboard.press('Control+Enter');
    await page.getByText('Approved: what waited goes on').waitFor();
    expect((await second).choices).toHaveLength(1);
    await question.waitFor({ state: 'detached' });
  });
});
