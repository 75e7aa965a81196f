import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, expectStatus, makePolicy } from '../parts/client.ts';
import { aos as command, type Ran } from '../parts/command.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';
import { startServer } from '../parts/processes.ts';

let gateway: Gateway;
let folder: string;
beforeAll(async () => {
  gateway = await startGateway();
  folder = mkdtempSync(path.join(tmpdir(), 'aos-cli-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await gateway?.stop();
});

const aos = (...args: string[]): Promise<Ran> =>
  command({ AOS_URL: gateway.server.url, AOS_API_KEY: gateway.server.admin_key, AOS_DATA_DIR: folder }, ...args);

const document = {
  name: 'Walked cap',
  description: 'Two lines\nof text: with a colon',
  target: { kind: 'agent', ids: ['walker'] },
  controls: [
    { limit: { type: 'cost_usd', max: '0.5', window: { per: 'day', timezone: 'Europe/Paris' } }, action: 'block' },
    { limit: { type: 'concurrency', max: 3, counts: 'runs' }, action: 'pause' },
    { rule: { type: 'model_access', params: { deny: ['gpt-4o*'] } }, action: 'warn' },
  ],
};

test('a policy that was made by hand goes out to a file, and what a file made comes back unchanged', async () => {
  const { id } = await makePolicy(gateway.admin, document);
  const exported = await aos('policy', 'export', 'walked-cap', '-q');
  expect([exported.code, exported.err]).toEqual([0, '']);
  const file = path.join(folder, 'walked.yaml');
  writeFileSync(file, exported.out);
  expectStatus(200, await gateway.admin.post(`/api/v1/policies/${id}/retire`, { reason: 'its file takes over' }));
  expect((await aos('policy', 'apply', file, '--reason', 'a walk')).out).toContain('✓ walked-cap');
  const again = await aos('policy', 'export', 'walked-cap', '-q');
  expect(again.out).toBe(exported.out);
  const diff = await aos('policy', 'diff', file, '--exit-code');
  expect([diff.code, diff.out]).toEqual([0, expect.stringContaining('1 unchanged')]);
  const all = await aos('policy', 'export', '--json');
  expect(JSON.parse(all.out)).toEqual([expect.objectContaining({ name: 'Walked cap', status: 'active' })]);
  expect((await aos('policy', 'export', 'nothing')).code).toBe(2);
});

test('a policy goes through its states by name, each with a reason, and retiring is for good', async () => {
  const without = await aos('policy', 'disable', 'walked-cap');
  expect([without.code, without.err]).toEqual([2, expect.stringContaining('--reason')]);
  expect((await aos('policy', 'disable', 'walked-cap', '--reason', 'a walk')).out).toMatch(
    /✓ Walked cap v\d+ disabled\n/,
  );
  const wrong = await aos('policy', 'activate', 'walked-cap', '--reason', 'a walk', '--mode', 'sideways');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('mode')]);
  const shadow = await aos('policy', 'activate', 'walked-cap', '--reason', 'a walk', '--mode', 'shadow');
  expect(shadow.out).toMatch(/✓ Walked cap v\d+ active \(shadow\)\n/);
  expect((await aos('policy', 'retire', 'walked-cap', '--reason', 'a walk')).out).toMatch(
    /✓ Walked cap v\d+ retired\n/,
  );
  expect((await aos('policy', 'activate', 'walked-cap', '--reason', 'again')).code).toBe(8);
  expect((await aos('policy', 'export', '--json')).out.trim()).toBe('[]');
});

test('records are told as they are written, as many as were asked for', async () => {
  const call = () => {
    const messages = [{ role: 'user', content: 'Hello' }];
    return gateway.admin.post('/v1/chat/completions', { model: 'mock-small', max_tokens: 5, messages });
  };
  expectStatus(200, await call());
  const following = aos('logs', 'tail', '--count', '2', '--jsonl', '-q');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const runs: (string | null)[] = [];
  for (const _ of [1, 2]) runs.push((await call()).headers.get('x-aos-run-id'));
  const told = await following;
  const lines = told.out.trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { run_id: string }).run_id)).toEqual(runs);
  const wrong = await aos('logs', 'tail', '--count', 'many');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('many')]);
});

test('an id opens its page, and what is none is said', async () => {
  const { url } = gateway.server;
  expect((await aos('open', 'run_01m8kdwffpf2497z3scpyrx2p5')).out).toBe(
    `${url}/runs/run_01m8kdwffpf2497z3scpyrx2p5\n`,
  );
  expect((await aos('open', 'dec_01m8kdwffpf2497z3scpyrx2p5', '--print')).out).toContain(`${url}/d/dec_`);
  expect((await aos('open')).out).toBe(`${url}/\n`);
  expect((await aos('open', 'my-agent')).code).toBe(2);
});

test('the tab key of bash completes nouns, verbs and options', async () => {
  const { out } = await aos('completion', 'bash');
  const file = path.join(folder, 'aos.bash');
  writeFileSync(file, out);
  const complete = (...words: string[]) => {
    const script = `source ${file}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _aos; echo "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' })
      .stdout.trim()
      .split(' ');
  };
  expect(complete('aos', 'pol')).toEqual(['policy']);
  expect(complete('aos', 'policy', 're')).toEqual(['retire']);
  expect(complete('aos', 'providers', 'u')).toEqual(['use']);
  expect(complete('aos', 'runs', '--js')).toEqual(['--json', '--jsonl']);
  for (const shell of ['zsh', 'fish']) expect((await aos('completion', shell)).out).toContain('providers');
  expect((await aos('completion', 'tcsh')).code).toBe(2);
});

test('aos up starts a server where it is told to, which the other commands find', async () => {
  const data = path.join(folder, 'up');
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const program = ['cli/aos.mjs', 'up', '--port', String(port), '--data', data];
  const misled = { PORT: '1', AOS_DATA_DIR: path.join(folder, 'not-there'), AOS_ADMIN_KEY: '' };
  const server = await startServer({ port, program, env: misled });
  try {
    const found = await command({ AOS_DATA_DIR: data }, 'whoami', '--json');
    expect([found.code, found.out]).toEqual([0, expect.stringContaining('owner')]);
    expect((await api(server, null).get('/ready')).status).toBe(200);
  } finally {
    await server.stop();
  }
  expect((await server.exited).code).toBe(0);
  const gone = await command({ AOS_DATA_DIR: data }, 'whoami');
  expect([gone.code, gone.err]).toEqual([7, expect.stringContaining('http://127.0.0.1:8000')]);
}, 300_000);
