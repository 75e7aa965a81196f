import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inBrowser, launchBrowser, openPage } from '../parts/browser.ts';
import { api, expectStatus } from '../parts/client.ts';
import { freshDatabase, type TestDatabase } from '../parts/database.ts';
import { type Issuer, startIssuer } from '../parts/oidc-issuer.ts';
import { freePort, type ServerProcess, startServer } from '../parts/processes.ts';

inBrowser('Signing in with an identity provider in a browser', () => {
  let issuer: Issuer;
  let database: TestDatabase;
  let server: ServerProcess;
  let browser: Browser;

  beforeAll(async () => {
    const port = await freePort();
    [issuer, database, browser] = await Promise.all([
      startIssuer(`http://127.0.0.1:${port}/sign-in/oidc`),
      freshDatabase('postgres'),
      launchBrowser(),
    ]);
    const env = {
      AOS_OIDC_ISSUER: issuer.url,
      AOS_OIDC_CLIENT_ID: issuer.client_id,
      AOS_OIDC_CLIENT_SECRET: issuer.client_secret,
    };
    server = await startServer({ database_url: database.url, port, env });
    issuer.account = { sub: 'ann', email: 'ann@example.com', email_verified: true };
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await issuer?.close();
    await database?.drop();
  });

  test('a stranger is told what to do; once invited they come back to the page they wanted', async () => {
    const page = await openPage(browser);
    await page.goto(`${server.url}/settings/members?role=viewer`);
    const button = page.getByRole('button', { name: 'Single sign-on' });
    await button.click();
    await page.getByRole('alert').getByText('Ask an admin to invite it').waitFor();
    expect(page.url()).toBe(`${server.url}/settings/members?role=viewer`);

    const person = { email: 'ann@example.com', name: 'Ann Archer', role: 'admin' };
    expectStatus(201, await api(server).post('/api/v1/members', person));
    await button.click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    expect(page.url()).toBe(`${server.url}/settings/members?role=viewer`);
    const [cookie, ...others] = (await page.context().cookies(server.url)).filter(({ name }) => name.includes('aos_'));
    expect(others).toEqual([]);
    expect(cookie).toMatchObject({ name: '__Host-aos_session', httpOnly: true, secure: true, sameSite: 'Strict' });
    await page.reload();
    await page.getByText('ann@example.com').first().waitFor();
  });
});
