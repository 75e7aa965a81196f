import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { barriersInThemes } from './barriers.ts';

/** At the step of alerts: channels for one tier, repetition and quiet hours; then what callers are told. */
export async function tellMore(page: Page): Promise<void> {
  await page.getByText('Other channels for single tiers').click();
  await page.getByLabel('At 100 % over').fill('console');
  await page.keyboard.press('Enter');
  await page.getByLabel(/^Repeat the alert while it stays reached/).fill('30');
  await page.getByLabel(/^Quiet hours/).check();
  await page.getByLabel('Quiet from').fill('21:30');
  const told = 'to console at 20 %, 70 % and 90 % and to console at 100 %, again every 30 minutes while they last';
  await page.getByText(`${told}, below 100 % not from 21:30 to 07:00 (UTC) but after it`).waitFor();
  expect.soft(['alerts', await barriersInThemes(page)]).toEqual(['alerts', []]);
  await page.getByRole('button', { name: /^Remove Console/ }).click();
  await page.keyboard.press('Alt+5');
  await page.getByLabel('No amounts').check();
  await page.getByText(/ \(callers are told no amounts\)\./).waitFor();
}

/** When it starts and ends, as the sentence tells it; then it ends by itself no more. */
export async function chooseTimes(page: Page): Promise<void> {
  const end = page.getByLabel('Ends by itself at (UTC)');
  await end.fill('2031-01-31T18:30');
  await page.getByLabel('Starts at (UTC)').fill('2031-01-30T08:00');
  await page.getByText(/, from 2031-01-30 08:00 UTC until 2031-01-31 18:30 UTC\./).waitFor();
  await end.fill('');
  await page.getByText(/until 2031/).waitFor({ state: 'detached' });
}
