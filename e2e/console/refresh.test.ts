import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { expectStatus, makePolicy } from '../parts/client.ts';
import { limitAgent, say } from '../parts/gateway.ts';
import { type Console, settled, startConsole } from './browser.ts';

inBrowser('What a page of the console has read', () => {
  let console_: Console;
  let page: Page;
  let policy_id: string;
  let run_id: string;
  let decision_id: string;
  let incident_id: string;

  beforeAll(async () => {
    console_ = await startConsole();
    const { admin } = console_.gateway;
    const limit = { type: 'requests', max: 1, window: { per: 'day' } };
    policy_id = (await limitAgent(console_.gateway, 'kept-bot', { limit, action: 'block' })).id;
    const ask = () =>
      admin.post(
        '/v1/chat/completions',
        { model: 'gpt-4o-mini', messages: say() },
        { headers: { 'x-aos-agent-id': 'kept-bot' } },
      );
    await ask();
    const { headers } = await ask();
    run_id = headers.get('x-aos-run-id') ?? '';
    decision_id = headers.get('x-aos-decision-id') ?? '';
    const incidents = await admin.get<{ items: { id: string }[] }>(`/api/v1/incidents?run=${run_id}`);
    incident_id = expectStatus(200, incidents).items[0]?.id ?? '';
    page = await console_.open();
  });
  afterEach(() => page.unrouteAll());
  afterAll(() => console_?.stop());

  const failing = /\/api\/v1\/(?!session|events)/;
  const fail = (of: RegExp) =>
    page.route(of, (route) =>
      route.fulfill({ status: 500, json: { error: { code: 'internal', message: 'The database is away.' } } }),
    );
  const goTo = async (path: string) => {
    await page.goto(`${console_.gateway.server.url}${path}`);
    await settled(page);
  };
  /** Everything is asked again, as when somebody comes back to the window, and nothing is answered. */
  const untilNothingAnswers = async () => {
    await fail(failing);
    const failed = page.waitForResponse((response) => response.status() === 500);
    await page.waitForTimeout(1_100);
    await page.evaluate("window.dispatchEvent(new Event('visibilitychange'))");
    await failed;
  };

  test.each([
    ['incident', () => `/incidents/${incident_id}`, 'kept-bot'],
    ['decision', () => `/d/${decision_id}`, 'Who was asked (1)'],
    ['policy', () => `/policies/${policy_id}`, 'for kept-bot'],
    ['versions', () => `/policies/${policy_id}?tab=versions`, 'What changed'],
    ['ledger', () => `/policies/${policy_id}?tab=audit`, 'needed by a test'],
  ])('stays when it cannot be read again, and says since when: the %s', async (_, pathOf, text) => {
    await goTo(pathOf());
    await page.locator('main').getByText(text).first().waitFor();
    await untilNothingAnswers();
    await page
      .getByText(/^What is shown is of \d\d:\d\d:\d\d UTC\.$/)
      .first()
      .waitFor();
    expect(await page.locator('main').getByText(text).count()).toBeGreaterThan(0);
    await page.unroute(failing);
    await page.getByRole('button', { name: 'Try again' }).first().click();
  });

  test('stays in the form that somebody fills in', async () => {
    await goTo(`/policies/${policy_id}/edit?step=save`);
    const name = page.getByLabel('Name', { exact: true });
    await name.fill('One call a day');
    await fail(failing);
    // Asked again as time passes: the window need not be left for it.
    await page.waitForResponse(
      (response) => response.status() === 500 && response.url().endsWith(`/policies/${policy_id}`),
    );
    await page.waitForTimeout(500);
    expect(await name.inputValue()).toBe('One call a day');
  });

  test('is said to be missing where it could not be read at all', async () => {
    await fail(/\/(overrides|exemptions)\?|\/decisions\/dec_/);
    await goTo(`/policies/${policy_id}`);
    const exceptions = page.getByRole('region', { name: 'Exceptions from it now' });
    await exceptions.getByText('Who is exempt from it, or what is raised, could not be loaded').waitFor();
    await goTo(`/runs/${run_id}`);
    const step = page.getByRole('complementary', { name: 'The chosen step' });
    await step.getByText('What was decided could not be loaded').waitFor();
  });

  test('is all, or says how much of it there is: the ledger of a policy that was changed often', async () => {
    const { admin, server } = console_.gateway;
    const document = { name: 'Often changed', target: { kind: 'agent', ids: ['often-bot'] } };
    const control = (max: number) => ({ limit: { type: 'requests', max, window: { per: 'day' } }, action: 'block' });
    const { id } = await makePolicy(admin, { ...document, controls: [control(1)] });
    for (let max = 2; max <= 101; max++)
      expectStatus(
        200,
        await admin.put(`/api/v1/policies/${id}`, { ...document, controls: [control(max)], reason: 'Again' }),
      );
    await goTo(`/policies/${id}?tab=audit`);
    await page.getByText(/^The newest 100\./).waitFor();
    await page.getByRole('link', { name: 'All 102' }).click();
    await page.waitForURL(`${server.url}/logs/audit?object=${id}`);
  });
});
