import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aosProcess, aos as command } from './parts/command.ts';
import { type ServerProcess, startServer } from './parts/processes.ts';

/** What README and docs promise to somebody who has just cloned the repository, in order, on a fresh data folder. */
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer({ program: ['tools/start.mjs'], env: { AOS_ADMIN_KEY: '' }, start_ms: 180_000 });
}, 240_000);
afterAll(async () => {
  await server?.stop();
  rmSync(server?.data_dir ?? '', { recursive: true, force: true });
}, 60_000);

/** Without a key in the environment: the one that the first start kept is found. */
const aos = (...args: string[]) => command({ AOS_URL: server.url, AOS_DATA_DIR: server.data_dir }, ...args);
const minutes = 180_000;

test(
  'npm start says where things are, and everything is well',
  async () => {
    expect(server.output()).toMatch(/AOS is ready .*Console +http.*Admin key aos_/s);
    expect(server.output()).toContain('npx aos demo');
    const doctor = await aos('doctor');
    expect([doctor.code, doctor.out]).toEqual([0, expect.not.stringContaining('✗')]);
    expect((await aosProcess('version')).code).toBe(0);
  },
  minutes,
);

test(
  'npx aos demo prints numbers that are true',
  async () => {
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
  },
  minutes,
);

test(
  'npx aos run shows a governed run to its end',
  async () => {
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
  },
  minutes,
);

test(
  'a run that goes in circles is blocked at its step cap, with exit code 4',
  async () => {
    const run = await aos('run', '--agent', 'support-bot', '--model', 'mock-loop', 'Find the invoice', '--follow');
    expect(run.code).toBe(4);
    expect(run.err).toMatch(
      /search_\d+ ×14 \(same call\).*■ blocked at step 16 by "Run step cap" \(max 15\) {3}exit 4/s,
    );
    const [, decision] = /policy explain --decision (dec_\w+)/.exec(run.err) ?? [];
    expect((await aos('policy', 'explain', '--decision', decision ?? '')).out).toContain('block (402 quota_exceeded)');
  },
  minutes,
);

test(
  'a client with another base URL and key is governed as it is',
  async () => {
    const key = (await aos('keys', 'create', 'my-app', '-q')).out.trim();
    const answer = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'x-aos-agent-id': 'my-agent', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'mock-small', messages: [{ role: 'user', content: 'hi' }] }),
    });
    expect([answer.status, answer.headers.get('x-aos-decision')]).toEqual([200, 'continue']);
    expect((await aos('runs', '--agent', 'my-agent')).out).toContain(answer.headers.get('x-aos-run-id'));
  },
  minutes,
);

test(
  'and the demo goes as it came',
  async () => {
    expect((await aos('demo', '--remove')).out).toContain('7 policies are retired');
    const left = JSON.parse((await aos('runs', '--project', 'demo', '--json')).out) as { items: unknown[] };
    expect(left.items).toEqual([]);
  },
  minutes,
);

async function capOf(type: string): Promise<string> {
  const { items } = JSON.parse((await aos('limits', '--json')).out) as {
    items: { id: string; type: string; policy_name: string }[];
  };
  return items.find((of) => of.type === type && of.policy_name === 'Support bot daily cap')?.id ?? '';
}
