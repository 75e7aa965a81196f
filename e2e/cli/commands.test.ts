import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { api, expectStatus, makeKey, waitFor } from '../parts/client.ts';
import { aosProcess, aos as command, type Ran } from '../parts/command.ts';
import { type Gateway, say, startGateway } from '../parts/gateway.ts';

let gateway: Gateway;
let folder: string;
beforeAll(async () => {
  gateway = await startGateway();
  folder = mkdtempSync(path.join(tmpdir(), 'aos-cli-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await gateway.stop();
});

const aos = (...args: string[]): Promise<Ran> =>
  command({ AOS_URL: gateway.server.url, AOS_API_KEY: gateway.server.admin_key, AOS_DATA_DIR: folder }, ...args);

const capped = (name: string, max: number) => `name: ${name}
target: { kind: agent, ids: [tested] }
controls:
  - limit: { type: steps, max: ${max}, window: { per: run } }
    action: block
`;

test('a run that passes ends with 0, one that a policy stops with 4 and with the way to the reason', async () => {
  expect((await aos('agents', 'create', 'tested', '--model', 'mock-small')).code).toBe(0);
  const passed = await aos('run', '--agent', 'tested', 'Say hello', '--follow');
  expect([passed.code, passed.err]).toEqual([0, expect.stringMatching(/▸ plan .*\n▸ \w+ .*\n✓ succeeded {2}\$0\.0/s)]);
  const [record] = await gateway.rows<{ id: string; cost_usd: string }>('select id, cost_usd from llm_run_records');
  const shown = await aos('logs', 'show', record?.id ?? '');
  expect(shown.out).toContain(`$${record?.cost_usd}`);
  expect(shown.out).toMatch(/charged for.*\ninput +\d+ +\$0\.15 +a million\noutput +\d+ +\$0\.6 +a million/);
  writeFileSync(`${folder}/cap.yaml`, capped('Two steps', 2));
  expect((await aos('policy', 'apply', `${folder}/cap.yaml`, '--reason', 'a test')).out).toBe(
    '✓ two-steps v2 active\n',
  );
  const goal = 'Find the invoice and then refund it and then tell the customer';
  expect((await aos('simulate', '--agent', 'tested', goal, '--strict')).code).toBe(4);
  const stopped = await aos('run', '--agent', 'tested', goal, '--follow');
  expect(stopped.code).toBe(4);
  expect(stopped.err).toContain('■ blocked at step 3 by "Two steps" (max 2)');
  const [, decision] = /policy explain --decision (dec_\w+)/.exec(stopped.err) ?? [];
  const why = await aos('policy', 'explain', '--decision', decision ?? '');
  expect(why.out).toContain('■ block (402 quota_exceeded)');
});

test('a policy to begin with is written, read by the server as it stands, and never over another file', async () => {
  for (const template of ['daily-cap', 'run-tokens', 'requests-per-minute', 'step-cap', 'model-allow-list']) {
    const file = `${folder}/new-${template}.yaml`;
    const made = await aos('policy', 'new', template, '--agent', 'fresh', '--out', file);
    expect([made.code, made.err]).toEqual([0, expect.stringContaining(`policy diff ${file}`)]);
    const plan = await aos('policy', 'apply', file, '--reason', 'a test', '--dry-run', '--json');
    expect(JSON.parse(plan.out).policies).toMatchObject([{ action: 'create', status: 'active' }]);
    expect((await aos('policy', 'new', template, '--out', file)).code).toBe(2);
  }
  const shown = await aos('policy', 'new', 'step-cap');
  expect(shown.out).toContain('mode: shadow #');
  expect((await aos('policy', 'new', 'nothing')).err).toContain('there are: daily-cap');
});

test('what login keeps only its owner reads; it serves later commands until logout', async () => {
  const { url, admin_key } = gateway.server;
  const at = (...args: string[]) => command({ XDG_CONFIG_HOME: `${folder}/config`, AOS_DATA_DIR: folder }, ...args);
  const wrong = await at('login', '--url', url, '--api-key', 'aos_live_wrong');
  expect([wrong.code, existsSync(`${folder}/config/aos/profiles.json`)]).toEqual([6, false]);
  expect((await at('login', '--url', url, '--api-key', admin_key, '--profile', 'here')).code).toBe(0);
  expect(statSync(`${folder}/config/aos/profiles.json`).mode & 0o777).toBe(0o600);
  const who = await at('whoami', '--profile', 'here', '--json');
  expect(JSON.parse(who.out)).toMatchObject({ url, key_from: 'profile here', role: 'owner' });
  expect(who.out + who.err).not.toContain(admin_key);
  expect((await at('logout', '--profile', 'here')).code).toBe(0);
  expect((await at('whoami', '--profile', 'here')).code).toBe(2);
});

// `script` of util-linux runs a program on a terminal of its own; that of other systems has other arguments.
test.skipIf(process.platform !== 'linux')('a key that is typed shows nowhere', async () => {
  const { url, admin_key } = gateway.server;
  const typing = spawn('script', ['-qec', `${process.execPath} cli/aos.mjs login --url ${url}`, '/dev/null'], {
    env: { ...process.env, XDG_CONFIG_HOME: `${folder}/typed`, AOS_DATA_DIR: folder, AOS_API_KEY: '' },
  });
  let shown = '';
  typing.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (!shown.includes('key (') && (shown + text).includes('key (')) typing.stdin.write(`${admin_key}\n`);
    shown += text;
  });
  const [code] = await once(typing, 'close');
  expect([code, shown]).toEqual([0, expect.stringContaining('kept as "default"')]);
  expect(shown).not.toContain(admin_key);
});

test('files: what would change ends with 3 only when asked, what cannot be read with 2 and the line', async () => {
  const file = `${folder}/cap.yaml`;
  expect((await aos('policy', 'diff', file, '--exit-code')).code).toBe(0);
  writeFileSync(file, capped('Two steps', 5));
  const diff = await aos('policy', 'diff', file, '--exit-code');
  expect([diff.code, diff.out]).toEqual([3, expect.stringMatching(/~ two-steps .*\n.*2.*5/s)]);
  expect((await aos('policy', 'diff', file)).code).toBe(0);
  writeFileSync(`${folder}/wrong.yaml`, capped('Wrong', 1).replace('block', 'blok'));
  const wrong = await aos('policy', 'lint', `${folder}/wrong.yaml`);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/✗ .*\n.*wrong\.yaml.*\[req_/s)]);
});

test('it is a program of its own', async () => {
  const { code, out } = await aosProcess('version', '--json');
  expect([code, JSON.parse(out)]).toMatchObject([0, { version: '0.1.0' }]);
});

test('stdout is data: one document with --json, a line for each item with --jsonl, nothing else', async () => {
  const document = JSON.parse((await aos('runs', '--json')).out) as { items: { id: string }[] };
  const lines = (await aos('runs', '--jsonl', '-q')).out.trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(document.items.map(({ id }) => id));
  const table = await aos('runs', '-q');
  for (const { id } of document.items) expect(table.out).toContain(id);
  expect(table.err).toBe('');
});

test('what an agent calls itself moves no cursor of whoever reads the list', async () => {
  const { secret } = await makeKey(gateway.admin);
  const goal = 'hi \u001b[2J\u001b]0;owned\u0007 there';
  const made = await command(
    { AOS_URL: gateway.server.url, AOS_API_KEY: secret },
    'run',
    '--agent',
    'tested',
    goal,
    '--json',
  );
  const { id } = JSON.parse(made.out) as { id: string };
  const shown = await aos('runs', 'show', id);
  expect(shown.out).toMatch(/goal +hi there\n/);
  expect(shown.out).not.toContain('\u001b');
});

test('exit codes: usage 2, not permitted 6, unreachable 7, conflict 8; three lines say what to do', async () => {
  expect((await aos('runs', 'fly')).code).toBe(2);
  expect((await aos('runs', 'kill', 'run_00000000000000000000000000')).code).toBe(2);
  const forbidden = await command(
    { AOS_URL: gateway.server.url, AOS_API_KEY: 'aos_live_nobody_knows_this_key' },
    'runs',
  );
  expect([forbidden.code, forbidden.err.split('\n').length]).toEqual([6, 4]);
  const away = await command({ AOS_URL: 'http://127.0.0.1:1' }, 'runs');
  expect([away.code, away.err]).toEqual([7, expect.stringContaining('npm start')]);
  expect((await aos('agents', 'create', 'tested')).code).toBe(8);
  expect((await aos('agents', 'release', 'tested', '--reason', 'x')).code).toBe(8);
});

test('all that one key does is stopped until it is released', async () => {
  const { id, secret } = JSON.parse((await aos('keys', 'create', 'leaked', '--json')).out) as Record<string, string>;
  const asks = async () => {
    const asked = { model: 'gpt-4o-mini', messages: say() };
    return (await api(gateway.server, `${secret}`).post('/v1/chat/completions', asked)).status;
  };
  expect(await asks()).toBe(200);
  const stopped = await aos('keys', 'contain', `${id}`, '--reason', 'it leaked');
  expect([stopped.code, stopped.out]).toEqual([0, expect.stringContaining('is contained')]);
  expect(await asks()).toBe(403);
  expect((await aos('keys', '--search', 'leaked')).out).toMatch(/ contained /);
  expect((await aos('keys', 'release', `${id}`, '--reason', 'it was rotated')).out).toContain('pass again');
  expect((await aos('keys', '--search', 'leaked')).out).toMatch(/ live /);
  expect(await asks()).toBe(200);
  expect((await aos('keys', 'release', `${id}`, '--reason', 'again')).code).toBe(8);
});

test('a key that was rotated shows as contained, and is released by its new id', async () => {
  const first = JSON.parse((await aos('keys', 'create', 'turned', '--json')).out) as { id: string };
  const rotated = await aos('keys', 'rotate', first.id, '--reason', 'every quarter', '--json');
  const { id } = JSON.parse(rotated.out) as { id: string };
  expect((await aos('keys', 'contain', id, '--reason', 'it leaked')).code).toBe(0);
  expect((await aos('keys', '--search', id)).out).toMatch(/ contained /);
  expect((await aos('keys', 'release', id, '--reason', 'it was not')).out).toContain('pass again');
  expect((await aos('keys', '--search', id)).out).toMatch(/ live /);
});

test('a person and the tenant that are contained are listed and released', async () => {
  expectStatus(201, await gateway.admin.post('/api/v1/actors', { slug: 'ana', kind: 'human' }));
  const contain = (of: object) => gateway.admin.post('/api/v1/containments', { ...of, reason: 'a test' });
  expectStatus(201, await contain({ kind: 'actor', id: 'ana' }));
  expectStatus(201, await contain({ kind: 'tenant' }));
  const listed = await aos('containments');
  expect(listed.out).toMatch(/ human +ana +contained /);
  expect(listed.out).toMatch(/ tenant +all runs +contained /);
  const { items } = JSON.parse((await aos('containments', '--json')).out) as { items: { id: string }[] };
  for (const { id } of items)
    expect((await aos('containments', 'release', id, '--reason', 'over')).out).toContain('is released');
  expect((await aos('containments')).err).toContain('No containments in force.');
  expect((await aos('containments', 'list', '--all')).out).toMatch(/ human +ana +released /);
});

test('every step of a long run is shown', async () => {
  const asked = { model: 'mock-small', messages: say(), max_tokens: 3 };
  const first = await gateway.admin.post('/v1/chat/completions', asked);
  const id = first.headers.get('x-aos-run-id') ?? '';
  const again = () => gateway.admin.post('/v1/chat/completions', asked, { headers: { 'x-aos-run-id': id } });
  for (let begun = 1; begun < 203; begun += 8)
    for (const { status } of await Promise.all(Array.from({ length: Math.min(8, 203 - begun) }, again)))
      expect(status).toBe(200);
  await gateway.untilSettled();
  const shown = JSON.parse((await aos('runs', 'show', id, '--json')).out) as { steps: unknown[] };
  expect(shown.steps).toHaveLength(203);
});

test('every failure is three lines: what, why, and what to do', async () => {
  const gone = await aos('runs', 'show', 'run_00000000000000000000000000');
  expect([gone.code, gone.err]).toEqual([
    2,
    expect.stringMatching(/^✗ .+\n {2}.+\n {2}.*npx aos runs list.*\[req_\w+\]\n$/),
  ]);
  const late = await aos('runs', '--timeout', '0.001');
  expect([late.code, late.err]).toEqual([124, expect.stringMatching(/^✗ .+\n {2}.+\n {2}.*--timeout.*\n$/)]);
  const unknown = await aos('nope');
  expect([unknown.code, unknown.err]).toEqual([
    2,
    expect.stringMatching(/^✗ unknown command 'nope'\n.*\n.*aos --help/),
  ]);
  const verb = await aos('runs', 'nope');
  expect([verb.code, verb.err]).toEqual([
    2,
    expect.stringMatching(/^✗ unknown command 'nope'\naos runs has list, show, .*\n.*aos runs list --help/),
  ]);
  const which = await aos('runs', 'show');
  expect([which.code, which.err]).toEqual([2, expect.stringMatching(/'run'\n.*aos runs show --help/)]);
});

test('a run without an agent is told which option names one', async () => {
  for (const asked of ['run', 'simulate']) {
    const { code, err } = await aos(asked, 'Say hello');
    expect.soft([asked, code, err]).toEqual([asked, 2, expect.stringMatching(/\n.*no agent is named.*\n.*--agent /)]);
    expect.soft(err).not.toContain('agent_id');
  }
});

test('lines for a shell lead clients of providers through the gateway', async () => {
  const { url, admin_key } = gateway.server;
  const env = await aos('proxy', 'env', '-q');
  expect([env.code, env.err]).toEqual([0, '']);
  expect(env.out).toBe(
    `export OPENAI_BASE_URL=${url}/v1\nexport OPENAI_API_KEY=${admin_key}\n` +
      `export ANTHROPIC_BASE_URL=${url}\nexport ANTHROPIC_AUTH_TOKEN=${admin_key}\n`,
  );
  const headers = { authorization: `Bearer ${admin_key}`, 'content-type': 'application/json' };
  const body = { model: 'mock-small', max_tokens: 5, messages: [{ role: 'user', content: 'Hello' }] };
  for (const path of ['/v1/chat/completions', '/v1/messages']) {
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect.soft([path, answer.status]).toEqual([path, 200]);
  }
});

test('an incident is looked after, resolved and reopened; a key is bound', async () => {
  const { items } = JSON.parse((await aos('incidents', '--json')).out) as { items: { id: string }[] };
  const id = items[0]?.id ?? '';
  expect((await aos('incidents', 'ack', id, '--hours', '2')).out).toContain('acknowledged for 2 h');
  const wrong = await aos('incidents', 'resolve', id, '--cause', 'weather', '--reason', 'x');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('false_positive')]);
  expect((await aos('incidents', 'resolve', id, '--cause', 'expected', '--reason', 'a test')).code).toBe(0);
  expect((await aos('incidents', 'resolve', id, '--cause', 'expected', '--reason', 'again')).code).toBe(8);
  expect((await aos('incidents', 'reopen', id, '--reason', 'not yet')).code).toBe(0);
  const shown = JSON.parse((await aos('incidents', 'show', id, '--json')).out) as { status: string };
  expect(shown.status).toBe('open');
  const snoozed = await aos('incidents', 'snooze', id, '--escalates', '>50/1h', '--reason', 'a busy day');
  expect(snoozed.out).toContain('is snoozed for 24 h, or until >50/1h');
  const key = await makeKey(gateway.admin, { role: 'service' });
  expect((await aos('keys', 'bind', key.id, '--agent', 'tested', '--reason', 'a test')).out).toContain(
    'may call as tested',
  );
});

test('a signal is looked after, and suppressed for a time', async () => {
  const messages = [{ role: 'user', content: 'Hello.' }];
  await gateway.admin.post('/v1/chat/completions', { model: 'mock-unknown-price', messages, max_tokens: 3 });
  const listed = async () =>
    (JSON.parse((await aos('signals', '--type', 'UNKNOWN_PRICE', '--json')).out) as { items: { id: string }[] })
      .items[0];
  const { id } = await waitFor(listed, { interval_ms: 1_000, what: 'the signal' });
  expect((await aos('signals', 'ack', id)).out).toContain('is acknowledged');
  expect((await aos('signals', 'ack', id)).code).toBe(8);
  expect((await aos('signals', 'suppress', id, '--hours', '1000', '--reason', 'x')).code).toBe(2);
  const done = await aos('signals', 'suppress', id, '--hours', '2', '--escalates', '>50/1h', '--reason', 'soon');
  expect(done.out).toMatch(/is suppressed until 20\d\d-.* or >50\/1h/);
  expect((await aos('signals', 'suppress', id, '--hours', '2', '--escalates', 'often', '--reason', 'x')).code).toBe(2);
});

test('a key of this machine is sent to no other one', async () => {
  writeFileSync(`${folder}/admin.key`, 'aos_live_kept_in_the_data_folder\n');
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.setHeader('content-type', 'application/json').end('{"signed_in":false}');
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const env = { AOS_DATA_DIR: folder };
  await command({ ...env, AOS_URL: `http://127.0.0.1:${port}` }, 'whoami');
  await command({ ...env, AOS_URL: `http://0.0.0.0:${port}` }, 'whoami');
  server.close();
  expect(seen).toEqual(['Bearer aos_live_kept_in_the_data_folder', undefined]);
});

test('doctor finds a well server well, ticks only what it checked, and says what mends one that is away', async () => {
  const well = await aos('doctor');
  expect([well.code, well.out]).toEqual([0, expect.stringMatching(/✓ server .*✓ database +answers\n.*✓ key /s)]);
  expect(well.out).toMatch(/▸ ledger +[\d,]+ entries.*; not verified\n/);
  const away = await command({ AOS_URL: 'http://127.0.0.1:1' }, 'doctor');
  expect([away.code, away.out]).toEqual([1, expect.stringMatching(/✗ server .*\n +fix: npm start/)]);
});
