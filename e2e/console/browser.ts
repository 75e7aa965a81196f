import type { Browser, Page } from 'playwright-core';
import { launchBrowser, openPage } from '../parts/browser.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

export interface Console {
  gateway: Gateway;
  browser: Browser;
  /** A window that is signed in; what went wrong in it is written into `problems`. */
  open(look?: { theme?: 'light' | 'dark'; width?: number; key?: string }): Promise<Page>;
  /** Errors of pages, and requests that left the server of the console. */
  problems: string[];
  stop(): Promise<void>;
}

/** The built console on a real server, and a browser in front of it. */
export async function startConsole(): Promise<Console> {
  const [gateway, browser] = await Promise.all([startGateway(), launchBrowser()]);
  const problems: string[] = [];
  const { url, admin_key } = gateway.server;
  return {
    gateway,
    browser,
    problems,
    open: async ({ theme = 'light', width = 1440, key = admin_key } = {}) => {
      const page = await openPage(browser, { viewport: { width, height: 900 }, colorScheme: theme });
      page.on('console', (said) => said.type() === 'error' && problems.push(`${page.url()}: ${said.text()}`));
      page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
      page.on('request', (request) => {
        if (!request.url().startsWith(url)) problems.push(`${page.url()} asks ${request.url()}`);
      });
      await signIn(page, url, key);
      return page;
    },
    stop: async () => {
      await browser.close();
      await gateway.stop();
    },
  };
}

/** In the page, so that the browser itself keeps the cookie. */
export async function signIn(page: Page, url: string, key: string): Promise<void> {
  await page.goto(url);
  const status = await page.evaluate(async (own_key) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch('/api/v1/session', { method: 'POST', headers, body: JSON.stringify({ key: own_key }) });
    return answer.status;
  }, key);
  if (status >= 300) throw new Error(`signing in was answered with ${status}`);
}

/** Waits until the page shows what it is about and nothing loads any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('[role="status"][aria-label^="Loading"]').first().waitFor({ state: 'detached' });
  await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
}
