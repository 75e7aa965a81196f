import { connect } from 'node:net';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Endpoint } from '@aos/core/api/endpoint.ts';
import { all_endpoints } from '@aos/core/api/index.ts';
import { present } from '@aos/core/base/assert.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { offerAll } from './parts/caller.ts';
import { openInstallation, type Sql } from './parts/installation.ts';
import { type Random, randomFrom } from './parts/random.ts';
import { type Findings, finish, printFigures } from './parts/report.ts';

/**
 * Requests to every endpoint with Authorization, Host or path changed into something that two readers might understand
 * differently, sent as bytes, because no client would send them. None of them is answered but with 400, 401 or 404 (or
 * by the HTTP layer: 413, 431), none reaches the database as an error, nothing is written, and no secret is logged.
 */
export interface HostileScenario {
  mutations: number;
  seed: number;
}

const gateway = ['/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/messages', '/anthropic/v1/messages'];

const places: { method: string; path: string }[] = [
  ...Object.values<Endpoint>(all_endpoints)
    .filter(({ permission }) => permission !== 'public')
    .map(({ method, path }) => ({ method, path })),
  ...gateway.map((path) => ({ method: 'POST', path })),
  { method: 'GET', path: '/v1/models' },
];

const barbs = [
  ...["'", '"', "' or '1'='1", "'; drop table aos.api_keys; --", '$1', '$$', '\\', '/*', '*/', '--', '%', '_', '||'],
  ...['%27', '%22', '%00', '%0a', '%0d%0a', '%2f', '%2F', '%5c', '%2e%2e', '%c0%af', '%ff', '%', '%zz', '%u0027'],
  ...['//', '/./', '/../', ';', ';a=b', '..;/', '\u0000', '\u0001', '\r\n', '\n', '\t', ' ', '\u007f', '\u0080'],
  ...['é', '日本', '\ud83d\ude00', '\u202e', '\ufeff', '{}', '[]', '<script>', '${7*7}', '{{7*7}}', '\u2028'],
] as const;

/** Parts of a key's first characters are shown in lists: keys that begin alike must not be taken for each other. */
function mutatedKey(key: string, random: Random): string {
  const at = random.whole(0, key.length);
  const barb = random.pick(barbs as unknown as [string, ...string[]]);
  switch (random.whole(0, 7)) {
    case 0:
      return key.slice(0, at);
    case 1:
      return key.slice(0, 12) + [...key.slice(12)].reverse().join('');
    case 2:
      return key.toUpperCase() === key ? `${key}x` : key.toUpperCase();
    case 3:
      return key + barb;
    case 4:
      return key.slice(0, at) + barb + key.slice(at);
    case 5:
      return key.repeat(random.whole(2, 200));
    case 6:
      return barb.repeat(random.whole(1, 400));
    default:
      return lastChanged(key);
  }
}

const lastChanged = (key: string): string => `${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`;

/** White space around a header's value is none of it: with nothing else added, the key is the right one. */
const wrong = (made: string, key: string): string => (made.trim() === key ? lastChanged(key) : made);

function mutatedPath(path: string, random: Random): string {
  const at = random.whole(0, path.length);
  const barb = random.pick(barbs as unknown as [string, ...string[]]);
  const ways = [
    () => path.slice(0, at) + barb + path.slice(at),
    () => path + barb,
    () => `${barb}${path}`,
    () => path.replaceAll('/', '//'),
    () => path.replaceAll('/', '%2f'),
    () => `${path}/${barb}`,
    () => `${path}?${barb}=${barb}`,
    () => `/x/..${path}`,
    () => path.replace(/[^/]+$/, barb),
    () => path.replace(/[^/]+$/, 'x'.repeat(random.whole(200, 20_000))),
    () => `http://elsewhere${path}${barb}`,
  ];
  return present(ways[random.whole(0, ways.length - 1)], 'a way')();
}

/** White space behind a path is none of it, and what follows a fragment or an empty query neither. */
const otherPath = (made: string, path: string): string =>
  [path, `${path}?`].includes(made.trim().replace(/#.*$/s, '')) ? `${path}/x` : made;

/** A query of the gateway is the provider's business: it makes no request a wrong one. */
const passesOn = (path: string): boolean => /^\/v1\/models\?/.test(path);

interface Request {
  /** How its place can be found again. */
  what: string;
  bytes: Buffer;
}

function requestOf(n: number, key: string, random: Random): Request {
  const { method, path: pattern } = present(places[n % places.length], 'a place');
  const kind = random.pick(['authorization', 'host', 'path']);
  let path = pattern.replace(':id', makeId('policy'));
  let authorization = `Bearer ${wrong(mutatedKey(key, random), key)}`;
  let host = '127.0.0.1';
  if (kind === 'authorization') {
    const barb = random.pick(barbs as unknown as [string, ...string[]]);
    authorization = random.pick([
      authorization,
      authorization,
      authorization,
      `Basic ${key}`,
      `Bearer${barb}${wrong(mutatedKey(key, random), key)}`,
      barb,
      '',
    ]);
  } else if (kind === 'host') {
    const barb = random.pick(barbs as unknown as [string, ...string[]]);
    host = random.pick([barb, `elsewhere.example${barb}`, '', `[::1]:${barb}`, 'a'.repeat(random.whole(300, 9_000))]);
  } else {
    path = otherPath(mutatedPath(path, random), path);
    // With a key that opens: what follows authentication is to be reached too.
    if (random.chance(0.6) && !passesOn(path)) authorization = `Bearer ${key}`;
  }
  const has_body = method !== 'GET' && method !== 'DELETE';
  const head = [
    `${method} ${path} HTTP/1.1`,
    `host: ${host}`,
    `authorization: ${authorization}`,
    ...(has_body ? ['content-type: application/json', 'content-length: 0'] : []),
    'connection: close',
  ];
  const encoding = random.chance(0.5) ? 'utf8' : 'latin1';
  return { what: `${n} ${kind} ${method} ${pattern}`, bytes: Buffer.from(`${head.join('\r\n')}\r\n\r\n`, encoding) };
}

/** The statuses of everything that came back; `none` when the connection was ended without an answer. */
function exchange(port: number, bytes: Buffer): Promise<string[]> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const over = () => {
      const statuses = [
        ...Buffer.concat(parts)
          .toString('latin1')
          .matchAll(/^HTTP\/1\.1 (\d{3})/gm),
      ];
      resolve(statuses.length === 0 ? ['none'] : statuses.map((found) => found[1] ?? ''));
      socket.destroy();
    };
    socket.setTimeout(30_000, over);
    socket.on('data', (part) => parts.push(part));
    socket.on('error', over);
    socket.on('close', over);
  });
}

const allowed = ['400', '401', '404', '413', '431'];

export async function hostile({ mutations, seed }: HostileScenario): Promise<Findings> {
  // Every key is to be looked up: an address with bad keys would else be told to wait.
  const env = { AOS_BAD_KEYS_PER_MINUTE: '0', LOG_LEVEL: 'debug' };
  const at = await openInstallation({ database: 'postgres', processes: 1, env });
  try {
    const server = present(at.servers[0], 'the server');
    const port = Number(new URL(server.url).port);
    const random = randomFrom(seed);
    const requests = Array.from({ length: mutations }, (_, n) => requestOf(n, server.admin_key, random));
    const before = await rowsOf(at.sql);
    const answers: Record<string, number> = {};
    const broken: string[] = [];
    await offerAll(requests, 32, async ({ what, bytes }) => {
      for (const status of await exchange(port, bytes)) {
        answers[status] = (answers[status] ?? 0) + 1;
        if (!allowed.includes(status))
          broken.push(`${status}: ${what}: ${JSON.stringify(bytes.toString('latin1')).slice(0, 300)}`);
      }
    });
    const health = await at.admin.get('/health');
    if (health.status !== 200) broken.push(`afterwards /health answers ${health.status}`);
    const after = await rowsOf(at.sql);
    if (after !== before) broken.push(`rows were written: ${before} became ${after}`);
    const logged = server.output();
    const errors = logged.split('\n').filter((line) => /"level":"(?:error|fatal)"|uncaught|unhandled/i.test(line));
    broken.push(...errors.slice(0, 5).map((line) => `logged: ${line.slice(0, 300)}`));
    if (logged.includes(server.admin_key.slice(0, 24))) broken.push('the key stands in the log');
    return { figures: { mutations, seed, places: places.length, answers, logged_errors: errors.length }, broken };
  } finally {
    await at.stop();
  }
}

/** Rows of everything that a request could change. */
async function rowsOf(sql: Sql): Promise<string> {
  const tables = [
    'tenants',
    'projects',
    'agents',
    'actors',
    'api_keys',
    'policies',
    'runs',
    'decisions',
    'audit_ledger',
  ];
  const counts = tables.map((name) => `select '${name}' as name, count(*)::int as n from ${name}`);
  const rows = await sql<{ name: string; n: number }>(`${counts.join(' union all ')} order by 1`);
  return rows.map(({ name, n }) => `${name} ${n}`).join(', ');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { mutations: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
  });
  const findings = await hostile({ mutations: Number(values.mutations), seed: Number(values.seed) });
  printFigures('hostile input', findings.figures);
  finish(findings.broken);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
