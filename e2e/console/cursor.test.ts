import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser } from '../parts/browser.ts';
import { waitFor } from '../parts/client.ts';
import { type Console, settled, startConsole } from './browser.ts';
import { hanging } from './hanging.ts';

inBrowser('The cursor of a list that moves', () => {
  let console_: Console;
  let page: Page;
  const ends: Promise<string>[] = [];

  beforeAll(async () => {
    console_ = await startConsole();
    page = await console_.open();
  });
  afterAll(async () => {
    await console_?.stop();
    await Promise.all(ends);
  });

  const grid = () => page.getByRole('grid', { name: 'Live runs' });
  const rowOf = (agent: string) => grid().getByRole('row').filter({ hasText: agent });
  const withCursor = () =>
    page.evaluate<string | null>(
      "document.getElementById(document.activeElement.getAttribute('aria-activedescendant') ?? '')?.textContent ?? null",
    );
  const holds = () =>
    console_.gateway.rows<{ slug: string; hold: string }>(
      'select a.slug, r.hold from runs r join agents a on a.id = r.agent_id order by a.slug',
    );

  test('stays with its run when another comes above it, and what is done says to which', async () => {
    ends.push(hanging(console_.gateway, 'first'));
    await page.goto(`${console_.gateway.server.url}/activity/live`);
    await settled(page);
    await rowOf('first').waitFor();
    // Nothing but the focus says that somebody is busy with the list.
    await page.mouse.move(2, 2);
    await grid().focus();
    ends.push(hanging(console_.gateway, 'second'));
    await rowOf('second').waitFor();
    await expect.poll(() => grid().getByRole('row').nth(1).textContent()).toContain('second');
    expect(await withCursor()).toContain('first');
    await page.keyboard.press('p');
    await page.getByText(/^Paused run …\w+ of first: its calls wait/).waitFor();
    expect(await holds()).toEqual([
      { slug: 'first', hold: 'paused' },
      { slug: 'second', hold: 'none' },
    ]);
  });

  test('goes to no other row by itself when its run leaves the list', async () => {
    const { admin, rows } = console_.gateway;
    const [{ id } = { id: '' }] = await rows<{ id: string }>("select id from runs where hold = 'paused'");
    expect(await withCursor()).toContain('first');
    await admin.post(`/api/v1/runs/${id}/kill`, { reason: 'It hangs' });
    await waitFor(async () => (await rowOf('first').count()) === 0, { what: 'the run to leave the list' });
    await page.keyboard.press('p');
    expect(await withCursor()).toBeNull();
    await page.keyboard.press('j');
    expect(await withCursor()).toContain('second');
    expect(await holds()).toContainEqual({ slug: 'second', hold: 'none' });
    await page.keyboard.press('p');
    await page.getByText(/^Paused run …\w+ of second: its calls wait/).waitFor();
  });
});
