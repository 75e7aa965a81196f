import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { expectStatus, makeKey, waitFor } from '../parts/client.ts';
import { limitAgent, say } from '../parts/gateway.ts';
import { type Console, settled, startConsole } from './browser.ts';

interface Stopped {
  id: string;
  source_run_id: string;
  decision_id: string;
  agent_id: string;
  api_key_id: string;
  project_id: string;
}

inBrowser('Links of the console', () => {
  let console_: Console;
  let page: Page;
  let incident: Stopped;
  let control_id = '';

  beforeAll(async () => {
    console_ = await startConsole();
    const { gateway } = console_;
    const { admin } = gateway;
    expectStatus(201, await admin.post('/api/v1/projects', { slug: 'side', name: 'Side' }));
    const limit = { type: 'requests', max: 1, window: { per: 'day' } };
    await limitAgent(gateway, 'greedy-bot', { limit, action: 'block' });
    const headers = { 'x-aos-agent-id': 'greedy-bot' };
    for (const _ of [1, 2])
      await admin.post('/v1/chat/completions', { model: 'gpt-4o-mini', messages: say() }, { headers });
    await gateway.untilSettled();
    const [found] = await waitFor(
      async () => {
        const { items } = expectStatus(200, await admin.get<{ items: Stopped[] }>('/api/v1/incidents'));
        return items.length > 0 && items;
      },
      { what: 'the incident' },
    );
    incident = found as Stopped;
    const { items } = expectStatus(200, await admin.get<{ items: { id: string }[] }>('/api/v1/limits?status=active'));
    control_id = items[0]?.id ?? '';
    page = await console_.open();
  });
  afterAll(async () => {
    await console_?.stop();
  });

  const goTo = async (path: string) => {
    await page.goto(`${console_.gateway.server.url}${path}`);
    await settled(page);
  };
  const choose = (project: string | null) =>
    page.evaluate(
      project === null ? "localStorage.removeItem('aos.project')" : `localStorage.setItem('aos.project', '${project}')`,
    );
  const step_id = () => incident.decision_id.replace('dec_', 'stp_');

  test('any id leads to where what it names can be seen and acted on, whichever project is chosen', async () => {
    const [provider] = await console_.gateway.rows<{ id: string }>("select id from providers where slug = 'openai'");
    const panel = page.getByRole('complementary').or(page.getByRole('region', { name: /^One of / }));
    for (const [id, path, said] of [
      [incident.agent_id, '/settings/agents', 'greedy-bot'],
      [incident.api_key_id, '/settings/api-keys', 'admin'],
      [incident.project_id, '/settings/projects', 'default'],
      [provider?.id ?? '', '/settings/providers', 'openai'],
    ] as const) {
      await goTo(`/go/${id}`);
      await page.waitForURL((url) => url.pathname === path && url.searchParams.get('peek') === id);
      await panel.getByText(said).first().waitFor();
    }
    await choose('side');
    await goTo(`/go/${incident.agent_id}`);
    await panel.getByText('greedy-bot').first().waitFor();
    await choose(null);
    await goTo(`/go/${control_id}`);
    await page.waitForURL(`**/limits?limit=${control_id}`);
    await goTo(`/go/${step_id()}`);
    await page.waitForURL(`**/runs/${incident.source_run_id}?step=${step_id()}`);
  });

  test('from an incident its run is opened at the step that was stopped', async () => {
    await goTo(`/incidents/${incident.id}`);
    await page.getByRole('list', { name: 'What belongs to it' }).getByRole('link', { name: /^Run / }).click();
    await page.waitForURL(`**/runs/${incident.source_run_id}?step=${step_id()}`);
  });

  test('a number leads to what it counts', async () => {
    await goTo('/settings/providers');
    const provider = page.getByRole('grid').getByRole('row').filter({ hasText: 'openai' }).first();
    await provider.getByRole('link', { name: '1', exact: true }).click();
    await page.waitForURL(/\/logs\?/);
    await page.getByText(/^1–1 of 1 · last 24 h/).waitFor();
    await goTo('/settings/agents');
    const runs = page
      .getByRole('grid')
      .getByRole('row')
      .filter({ hasText: 'greedy-bot' })
      .getByRole('link', { name: '2' });
    const asked = new URL((await runs.getAttribute('href')) ?? '', 'http://aos').searchParams;
    expect([asked.get('agent'), asked.get('project')]).toEqual(['greedy-bot', incident.project_id]);
    const days = (Date.now() - Date.parse(asked.get('from') ?? '')) / 86_400_000;
    expect(Math.round(days)).toBe(7);
    await choose('side');
    const wide = await makeKey(console_.gateway.admin, { name: 'wide', role: 'operator', project_id: null });
    await goTo(`/go/${wide.id}`);
    await page.getByText(/^\d+ runs? of all projects$/).waitFor();
    await goTo(`/go/${incident.api_key_id}`);
    const running = page.getByRole('link', { name: /^\d+ runs?$/ });
    expect(await running.getAttribute('href')).toContain(`is_synthetic=all&project=${incident.project_id}`);
    await choose(null);
  });

  test('the chosen project narrows the ledger, and lists that it does not narrow say so', async () => {
    await choose('default');
    await goTo('/logs/audit?event=INCIDENT_CREATED');
    await page.getByText(/^1–1 of 1/).waitFor();
    await page.getByText('entries without a project are left out').waitFor();
    await choose('side');
    await goTo('/logs/audit?event=INCIDENT_CREATED');
    await page
      .getByText(/^No ledger entries|^Nothing matches|0 → /i)
      .first()
      .waitFor();
    expect(await page.getByText(/^1–1 of 1/).count()).toBe(0);
    await goTo(`/logs/audit?object=${incident.id}`);
    await page.getByText(/^1–1 of 1/).waitFor();
    for (const path of ['/logs/system', '/settings/deliveries']) {
      await goTo(path);
      await page.getByText('of all projects', { exact: true }).waitFor();
    }
    await choose(null);
  });

  test('a signal leads to what can be done about it', async () => {
    await goTo('/activity/signals');
    const near = page.getByRole('listitem', { name: /^for greedy-bot: 1 used of the limit/ });
    await near.getByRole('link', { name: 'Its limit' }).click();
    await page.waitForURL(`**/limits?limit=${control_id}`);
    await page.getByRole('heading', { name: 'for greedy-bot' }).waitFor();
  });

  test('a long timeline is read to its end', async () => {
    for (let times = 1; times <= 104; times++) {
      const body = { owner: `Ann ${times}`, reason: `time ${times}` };
      await waitFor(
        async () => (await console_.gateway.admin.post(`/api/v1/incidents/${incident.id}/assign`, body)).status === 200,
        { what: `time ${times}` },
      );
    }
    await goTo(`/incidents/${incident.id}`);
    await page.getByText(/^The first 100 of \d+ are shown\./).waitFor();
    expect(await page.getByText('time 104', { exact: true }).count()).toBe(0);
    const more = page.getByRole('button', { name: 'Show more' });
    const last = page.getByText('time 104', { exact: true });
    // What has just happened may be told while more is read, and begins the list again.
    await waitFor(
      async () => {
        if ((await more.count()) > 0) await more.click();
        return (await last.count()) > 0;
      },
      { what: 'the end of the timeline', interval_ms: 2_000 },
    );
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy as Markdown' }).click();
    await page.getByText('Copied as Markdown').waitFor();
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toContain('`time 104`');
    expect(await more.count()).toBe(0);
  });
});
