import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StubProvider, startStubProvider } from '../tools/simulate/stub-provider.ts';
import { barriersInThemes } from './console/barriers.ts';
import { inBrowser, launchBrowser, openPage } from './parts/browser.ts';
import { waitFor } from './parts/client.ts';
import { aosProcess, aos as command } from './parts/command.ts';
import { type ServerProcess, startServer } from './parts/processes.ts';

/** What README and docs promise to somebody who has just cloned the repository, in order, on a fresh data folder. */
let server: ServerProcess;
/** What stands behind `openai`, for those without a key of theirs. */
let stub: StubProvider;
beforeAll(async () => {
  stub = await startStubProvider();
  server = await startServer({ program: ['tools/start.mjs'], env: { AOS_ADMIN_KEY: '' } });
});
afterAll(async () => {
  await server?.stop();
  await stub?.close();
  rmSync(server?.data_dir ?? '', { recursive: true, force: true });
});

/** With neither key nor address in the environment: the first start has kept both. */
const aos = (...args: string[]) =>
  command({ AOS_DATA_DIR: server.data_dir, OPENAI_API_KEY: 'sk-of-their-own' }, ...args);

test('npm start says where things are, and everything is well', async () => {
  await waitFor(() => server.output().includes('npx aos demo'), { what: 'what it prints' });
  expect(server.output()).toMatch(/AOS is ready .*Console +http.*Admin key aos_/s);
  const doctor = await aos('doctor');
  expect([doctor.code, doctor.out]).toEqual([0, expect.not.stringContaining('✗')]);
  expect((await aosProcess('version')).code).toBe(0);
});

test('npx aos demo prints numbers that are true', async () => {
  const demo = await aos('demo');
  const [, runs, agents, people, policies] =
    /✓ (\d+) runs {2}(\d+) agents {2}(\d+) people {2}(\d+) policies/.exec(demo.out) ?? [];
  expect([agents, people, policies]).toEqual(['6', '8', '7']);
  const count = async (...args: string[]) =>
    (JSON.parse((await aos(...args, '--json')).out) as { total: number }).total;
  expect(await count('runs', '--project', 'demo', '--limit', '1')).toBe(Number(runs));
  const [, stopped, incidents] = /(\d+) runs were stopped, (\d+) incidents opened/.exec(demo.out) ?? [];
  expect(await count('runs', '--project', 'demo', '--limit', '1', '--status', 'failed_policy,cancelled')).toBe(
    Number(stopped),
  );
  expect(await count('incidents', '--project', 'demo', '--limit', '1')).toBe(Number(incidents));
});

test('npx aos run shows a governed run to its end', async () => {
  await aos(
    'limits',
    'topup',
    await capOf('cost_usd'),
    '--by',
    '10',
    '--hours',
    '1',
    '--reason',
    'the day of the demo was long',
  );
  const run = await aos('run', '--agent', 'support-bot', 'Refund order 1182', '--follow');
  expect([run.code, run.err]).toEqual([0, expect.stringMatching(/▸ plan .*▸ refund_order .*✓ succeeded/s)]);
});

test('a run that goes in circles is blocked at its step cap, with exit code 4', async () => {
  const run = await aos('run', '--agent', 'support-bot', '--model', 'mock-loop', 'Find the invoice', '--follow');
  expect(run.code).toBe(4);
  expect(run.err).toMatch(/search_\d+ ×14 \(same call\).*■ blocked at step 16 by "Run step cap" \(max 15\) {3}exit 4/s);
  const [, decision] = /policy explain --decision (dec_\w+)/.exec(run.err) ?? [];
  expect((await aos('policy', 'explain', '--decision', decision ?? '')).out).toContain('block (402 quota_exceeded)');
});

inBrowser('In a browser', () => {
  test('a daily cap is made from a template, with what it would have done, and starts in shadow', async () => {
    const browser = await launchBrowser();
    try {
      const page = await openPage(browser);
      await page.goto(`${server.url}/policies/new?template=daily-cap`);
      await page.getByLabel('Admin key').fill(readFileSync(`${server.data_dir}/admin.key`, 'utf8').trim());
      await page.keyboard.press('Enter');
      await page.getByLabel('Which agents, by name or id', { exact: true }).fill('support-bot');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: /Remove support.bot/i }).waitFor();
      await page.keyboard.press('Alt+3');
      await page.getByLabel('At most (USD)').fill('0.50');
      await page.getByText(/In shadow, calls of agent support-bot .*\$0\.50/).waitFor();
      await page.getByLabel('Also runs of tests and demos').check();
      const told = await page
        .getByText(/\d+ of \d+ runs would be stopped/)
        .filter({ visible: true })
        .textContent();
      const [stopped, runs] = told?.match(/\d+/g)?.map(Number) ?? [];
      expect(stopped).toBeGreaterThan(0);
      expect(runs).toBeGreaterThan(stopped ?? Infinity);
      const barriers = [await barriersInThemes(page)];
      await page.keyboard.press('Control+Enter');
      await page.getByRole('textbox', { name: 'Reason' }).fill('A first cap');
      barriers.push(await barriersInThemes(page));
      await page.getByRole('button', { name: 'Start in shadow' }).click();
      await page.waitForURL(/\/policies\/pol_/);
      await page.getByRole('heading', { name: 'Facts' }).waitFor();
      barriers.push(await barriersInThemes(page));
      expect(barriers).toEqual([[], [], []]);
    } finally {
      await browser.close();
    }
    expect((await aos('policy', '--status', 'active')).out).toMatch(
      /Cost \$0\.50 per day · agent support-bot +active \(shadow\)/,
    );
  });
});

test('a client with another base URL and key is governed as it is', async () => {
  const key = (await aos('keys', 'create', 'my-app', '-q')).out.trim();
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'x-aos-agent-id': 'my-agent', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mock-small', messages: [{ role: 'user', content: 'hi' }] }),
  });
  expect([answer.status, answer.headers.get('x-aos-decision')]).toEqual([200, 'continue']);
  expect((await aos('runs', '--agent', 'my-agent')).out).toContain(answer.headers.get('x-aos-run-id'));
});

test('a provider of models is added with its key, tried and used, without a change to who calls', async () => {
  const added = await aos('providers', 'add', 'openai', '--key-env', 'OPENAI_API_KEY', '--base-url', stub.url);
  expect([added.code, added.out]).toEqual([
    0,
    expect.stringMatching(
      /✓ key accepted \(models listed: 4\)\n✓ test call \$0\.0\d+ .*\n✓ prices known for 3, unknown for 1/,
    ),
  ]);
  const used = await aos('providers', 'use', 'openai', '--model', 'gpt-4o-mini');
  expect(used.out).toContain('"default" is openai/gpt-4o-mini from now on; mock stays as mock-*');
  // Whatever it is asked, the plan and then the step, it answers so.
  const step = { id: 'greet', skill: 'llm', params: { prompt: 'Hello' }, depends_on: [] };
  stub.set({ text: JSON.stringify({ steps: [step] }) });
  const before = stub.log.length;
  const run = await aos('run', '--agent', 'newcomer', 'Say hello', '--follow');
  expect([run.code, run.err]).toEqual([0, expect.stringMatching(/▸ plan .*▸ greet .*✓ succeeded/s)]);
  expect(stub.log.length - before).toBe(2);
  expect((await aos('providers', 'test', 'mock/mock-small')).code).toBe(0);
});

test('and the demo goes as it came', async () => {
  expect((await aos('demo', '--remove')).out).toContain('7 policies are retired');
  const left = JSON.parse((await aos('runs', '--project', 'demo', '--json')).out) as { items: unknown[] };
  expect(left.items).toEqual([]);
});

async function capOf(type: string): Promise<string> {
  const { items } = JSON.parse((await aos('limits', '--json')).out) as {
    items: { id: string; type: string; policy_name: string }[];
  };
  return items.find((of) => of.type === type && of.policy_name === 'Support bot daily cap')?.id ?? '';
}
