import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { type Api, expectStatus, makeKey, makePolicy, waitFor } from '../parts/client.ts';
import { barriers } from './barriers.ts';
import { type Console, settled, startConsole } from './browser.ts';
import { loadDemo } from './demo.ts';
import { pagesOf } from './pages.ts';

type Asked = Record<string, [path: string, open: () => Promise<void>]>;

const because = { reason: 'a test' };

/** One of each thing that can be acted on, outside of the demo. */
async function thingsOf(admin: Api): Promise<Record<string, string>> {
  const make = async (path: string, body: object, status = 201) =>
    expectStatus(status, await admin.post<{ id: string }>(path, body)).id;
  const run = (agent_id: string) => make('/api/v1/runs', { goal: 'To be stopped', agent_id, mode: 'external' }, 202);
  const once = { limit: { type: 'steps', max: 1, window: { per: 'run' } }, action: 'pause' };
  const policy = await makePolicy(admin, {
    ...{ name: 'Asks', target: { kind: 'agent', ids: ['asking-bot'] }, controls: [once] },
  });
  const steps = ['a', 'b'].map((id) => ({ id, skill: 'transform', params: { input: 1, expression: '@' } }));
  const contained = await make('/api/v1/agents', { slug: 'contained-bot' });
  await make('/api/v1/containments', { kind: 'agent', id: contained, ...because });
  await make('/api/v1/members', { email: 'ann@example.com', role: 'viewer' });
  const things = {
    policy: policy.id,
    contained,
    agent: await make('/api/v1/agents', { slug: 'free-bot' }),
    key: (await makeKey(admin, { name: 'a program' })).id,
    channel: await make('/api/v1/channels', { kind: 'webhook', slug: 'hook', url: 'https://example.com/hook' }),
    project: await make('/api/v1/projects', { slug: 'another', name: 'Another' }),
    run: await run('one-bot'),
    asking: await make('/api/v1/runs', { goal: 'Asks', agent_id: 'asking-bot', plan: { steps } }, 202),
  };
  for (const agent of ['two-bot', 'three-bot']) await run(agent);
  const questions = () => admin.get<{ items: object[] }>('/api/v1/approvals?status=pending');
  await waitFor(async () => (await questions()).body.items.length > 0, { what: 'the question' });
  return things;
}

inBrowser('The dialogs of the console', () => {
  let console_: Console;
  let pages: Record<string, string>;
  let things: Record<string, string>;
  let of_demo: Page;
  let of_admin: Page;

  beforeAll(async () => {
    console_ = await startConsole();
    const { admin, server } = console_.gateway;
    const key = await loadDemo(server, { runs: 60, days: 2 });
    pages = await pagesOf(server, key);
    things = await thingsOf(admin);
    [of_demo, of_admin] = await Promise.all([console_.open({ key }), console_.open({ theme: 'dark' })]);
  });
  afterAll(async () => {
    await console_?.stop();
  });

  const partsOf = (page: Page) => {
    const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true }).first().click();
    const item = async (menu: string | RegExp, name: string) => {
      await button(menu);
      await page.getByRole('menuitem', { name, exact: true }).click();
    };
    return { button, item, press: (key: string) => page.keyboard.press(key) };
  };
  const expectNoBarriers = async (page: Page, asked: Asked) => {
    let here = '';
    for (const [name, [path, open]] of Object.entries(asked)) {
      // The dialogs of one page are opened one after the other, as somebody does who closes each.
      if (path === here) await page.keyboard.press('Escape');
      else await page.goto(`${console_.gateway.server.url}${path}`);
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await settled(page);
      here = path;
      await open();
      await page.getByRole('dialog').waitFor();
      expect.soft([name, await barriers(page)]).toEqual([name, []]);
    }
  };

  test('about what ran and how it is governed can be used by everybody', async () => {
    const { button, item, press } = partsOf(of_demo);
    await expectNoBarriers(of_demo, {
      keys: ['/activity/completed', () => press('?')],
      palette: ['/activity/completed', () => press('Control+k')],
      columns: ['/activity/completed', () => item(/^More about/, 'Columns…')],
      view: ['/activity/completed', () => item('Views', 'Save this view…')],
      'width of the steps': [pages.run ?? '', () => button('Width of the steps…')],
      suppress: ['/activity/signals', () => button(/^Suppress:/)],
      kill: ['/activity/live', () => button('Kill…')],
      'new key': ['/settings/api-keys', () => button('New key')],
      raise: ['/limits', () => button('Raise once…')],
      snooze: [pages.incident ?? '', () => button('Snooze…')],
      resolve: [pages.incident ?? '', () => button('Resolve…')],
      assign: [pages.incident ?? '', () => button('Assign…')],
      exempt: [pages.policy ?? '', () => item('More', 'Exempt somebody…')],
      retire: [pages.policy ?? '', () => item('More', 'Retire…')],
      review: ['/policies/new?template=daily-cap', () => button('Review')],
      yaml: ['/policies/new?template=daily-cap', () => button('YAML')],
      'new channel': ['/settings/channels', () => button('New channel')],
      'new project': ['/settings/projects', () => button('New project')],
      'new provider': ['/settings/providers', () => button('Add provider')],
      'new price': ['/settings/prices', () => button('Set a price')],
      invite: ['/settings/members', () => button('Invite')],
    });
  });

  test('that act on single things can be used by everybody', async () => {
    const page = of_admin;
    const { button, item } = partsOf(page);
    const settings = (what: string, id: string | undefined) => `/settings/${what}?peek=${id}`;
    const member = (name: string) => () => item(/^What can be done with ann/, name);
    const confirm = async (name: string | RegExp) => {
      await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('No more of this');
      await page.getByRole('dialog').getByRole('button', { name }).click();
    };
    await expectNoBarriers(page, {
      approve: [`/runs/${things.asking}`, () => button('Approve…')],
      deny: [`/runs/${things.asking}`, () => button('Deny…')],
      disable: [`/policies/${things.policy}`, () => button('Disable…')],
      'bring back': [`/policies/${things.policy}?tab=versions`, () => button('Bring back…')],
      bind: [settings('api-keys', things.key), () => button('Bind…')],
      rotate: [settings('api-keys', things.key), () => button('Rotate…')],
      'contain a key': [settings('api-keys', things.key), () => button('Contain…')],
      revoke: [settings('api-keys', things.key), () => button('Revoke…')],
      'contain an agent': [settings('agents', things.agent), () => button('Contain…')],
      'change an agent': [settings('agents', things.agent), () => button('Change…')],
      release: [settings('agents', things.contained), () => button('Release…')],
      'change a project': [settings('projects', things.project), () => button('Change…')],
      role: ['/settings/members', member('Change role…')],
      'new link': ['/settings/members', member('New link…')],
      'disable somebody': ['/settings/members', member('Disable…')],
      'remove a channel': [settings('channels', things.channel), () => button('Remove…')],
      secret: [settings('channels', things.channel), () => button('New secret')],
      receipt: [
        `/runs/${things.run}`,
        async () => {
          await button(/^Kill…/);
          await confirm('Kill the run');
          // The page says so too, as soon as it hears of it.
          await page.getByRole('dialog').getByText('Further calls are denied since').waitFor();
        },
      ],
      'kill together': [
        '/activity/live',
        async () => {
          await page.getByRole('grid', { name: 'Live runs' }).focus();
          for (const key of ['x', 'j', 'x']) await page.keyboard.press(key);
          await button(/^Kill \d…$/);
        },
      ],
      'receipts together': [
        '/activity/live',
        async () => {
          await page.getByRole('grid', { name: 'Live runs' }).focus();
          await page.keyboard.press('x');
          await button(/^Kill \d…$/);
          await confirm(/^Kill/);
          await page.getByText('confirmed by every process').waitFor();
        },
      ],
    });
  });

  test('say before a key is stopped whether it is the one of the reader, and how many runs it stops', async () => {
    const { url } = console_.gateway.server;
    const { button, press } = partsOf(of_admin);
    const dialog = of_admin.getByRole('dialog');
    const own = await of_admin.evaluate<string>(
      "fetch('/api/v1/session').then((is) => is.json()).then((is) => is.api_key.id)",
    );
    for (const [id, is_own] of [
      [own, true],
      [things.key, false],
    ] as const) {
      await of_admin.goto(`${url}/settings/api-keys?peek=${id}`);
      for (const ask of ['Contain…', 'Revoke…']) {
        await button(ask);
        await dialog.getByText(/^\d+ runs? (is|are) under way/).waitFor();
        expect([ask, await dialog.getByText('It is the key you are signed in with').count()]).toEqual([
          ask,
          is_own ? 1 : 0,
        ]);
        await press('Escape');
        await dialog.waitFor({ state: 'detached' });
      }
    }
  });

  test('about an incident that was resolved, and a list that is read as a file, can be used by everybody', async () => {
    const { admin } = console_.gateway;
    const { button, item } = partsOf(of_demo);
    expectStatus(200, await admin.post(`/api/v1${pages.incident}/resolve`, { cause: 'expected', ...because }));
    // The answer comes, later: a small list is read before anybody could look at the dialog.
    await of_demo.route(/activity\/completed\?.*limit=200/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      await route.continue();
    });
    await expectNoBarriers(of_demo, {
      reopen: [pages.incident ?? '', () => button('Open again…')],
      download: ['/activity/completed', () => item(/^More about/, 'Download as CSV')],
    });
  });
});
