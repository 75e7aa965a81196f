import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { Webhook } from 'standardwebhooks';
import { Pool } from 'undici';
import { type Receiver, startReceiver } from '../../e2e/alerts/receiver.ts';
import { type Api, expectStatus, makePolicy, waitFor } from '../../e2e/parts/client.ts';
import { offerAll } from './parts/caller.ts';
import { callingKey, type Installation, openInstallation } from './parts/installation.ts';
import { type Findings, finish, printFigures } from './parts/report.ts';

/**
 * Calls from several processes lift the balances of five policies over all their tiers, while one process is killed.
 * Each tier of each balance is recorded once, and arrives at the receiver at least once, under one id.
 */
export interface AlertScenario {
  calls: number;
  processes: number;
  in_flight: number;
}

const tiers = [50, 70, 90];
const all_tiers = [...tiers, 100];
const agents = ['north', 'east', 'south', 'west'];
const slug = 'receiver';

interface Site {
  at: Installation;
  receiver: Receiver;
  secret: string;
  /** How many balances each control is counted on. */
  balances: Map<string, number>;
}

export async function tellAll(scenario: AlertScenario): Promise<Findings> {
  const receiver = await startReceiver();
  const env = { AOS_OUTBOUND_ALLOW: '127.0.0.1', AOS_SUSPECT_SECONDS: '0' };
  const at = await openInstallation({ database: 'postgres', processes: scenario.processes, env });
  try {
    const secret = await openChannel(at.admin, receiver);
    const balances = await setLimits(at.admin, scenario.calls);
    const site: Site = { at, receiver, secret, balances };
    const offered = await offer(at, scenario);
    return await judge(site, scenario, offered);
  } finally {
    await at.stop();
    await receiver.close();
  }
}

async function openChannel(admin: Api, receiver: Receiver): Promise<string> {
  const body = { slug, kind: 'webhook', url: `${receiver.url}/alerts` };
  const made = expectStatus(201, await admin.post<{ secret: string }>('/api/v1/channels', body));
  expectStatus(200, await admin.post(`/api/v1/channels/${slug}/test`));
  receiver.received.length = 0;
  return made.secret;
}

/** A time zone in which it is about eight in the morning, so that the day does not end meanwhile. */
function zoneOfMorning(): string {
  const ahead = ((8 - new Date().getUTCHours() + 36) % 24) - 12;
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}

/** What one of the calls costs at least: 8 tokens in and 2 out of the built-in model. */
const least_tokens = 5;

/** Five policies whose limits are all reached before the calls end; the one that refuses is reached last. */
async function setLimits(admin: Api, calls: number): Promise<Map<string, number>> {
  const part = (share: number) => Math.floor(calls * share);
  const window = { per: 'day', timezone: zoneOfMorning() };
  const limits = [
    { action: 'block', limit: { type: 'requests', max: part(0.8), window } },
    { action: 'warn', limit: { type: 'requests', max: part(0.5), window } },
    { action: 'continue', limit: { type: 'tokens_total', max: part(least_tokens * 0.5), window } },
    { action: 'warn', limit: { type: 'requests', max: part(0.12), window, count_per: 'agent' } },
    { action: 'continue', limit: { type: 'tokens_input', max: part(least_tokens * 0.3), window } },
  ];
  const balances = new Map<string, number>();
  for (const [n, { action, limit }] of limits.entries()) {
    const policy = await makePolicy(admin, {
      name: `Policy ${n + 1}`,
      target: { kind: 'all_runs' },
      controls: [{ limit, action, alerts: { tiers, channels: [slug] } }],
    });
    const [control] = policy.controls as { id: string }[];
    balances.set(present(control, 'the control of a policy').id, 'count_per' in limit ? agents.length : 1);
  }
  return balances;
}

interface Offered {
  statuses: Map<string, number>;
  killed_pid: number;
  seconds: number;
  /** Times that a call came back after a 503. */
  asked_again: number;
}

/** All calls, shared by the processes; the last one is killed when a third of the calls is over. */
async function offer(at: Installation, { calls, in_flight }: AlertScenario): Promise<Offered> {
  const pools = at.servers.map(({ url }) => new Pool(url, { connections: in_flight }));
  const key = (await callingKey(at.admin)).secret;
  const statuses = new Map<string, number>();
  const doomed = at.servers.length - 1;
  let over = 0;
  let asked_again = 0;
  let is_killed = false;
  const begun_ms = performance.now();
  await offerAll(
    Array.from({ length: calls }, (_, n) => n),
    in_flight,
    async (n) => {
      const server = n % (is_killed ? doomed : at.servers.length);
      const [pool, agent] = [present(pools[server], 'a process'), present(agents[n % agents.length], 'an agent')];
      const status = await call(pool, key, agent, () => {
        asked_again += 1;
      });
      const name = status === null && server === doomed ? 'lost at the killed process' : String(status);
      statuses.set(name, (statuses.get(name) ?? 0) + 1);
      over += 1;
      if (!is_killed && over * 3 >= calls) {
        is_killed = true;
        void at.servers[doomed]?.kill9();
      }
    },
  );
  await Promise.all(pools.map((pool) => pool.destroy()));
  const seconds = Math.round((performance.now() - begun_ms) / 1000);
  return { statuses, killed_pid: at.servers[doomed]?.pid ?? -1, seconds, asked_again };
}

const retries_max = 60;

/** As callers do, it comes back after a 503: on a busy machine the database is slow for moments, and nothing has passed. */
async function call(pool: Pool, key: string, agent: string, again: () => void): Promise<number | null> {
  for (let n = 0; ; n++) {
    const status = await callOnce(pool, key, agent);
    if (status !== 503 || n >= retries_max) return status;
    again();
    await pause(500);
  }
}

async function callOnce(pool: Pool, key: string, agent: string): Promise<number | null> {
  try {
    const { statusCode, body } = await pool.request({
      path: '/v1/chat/completions',
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'x-aos-agent-id': agent },
      body: JSON.stringify({ model: 'mock-small', messages: [{ role: 'user', content: 'Hello.' }], max_tokens: 3 }),
    });
    await body.dump();
    return statusCode;
  } catch {
    return null;
  }
}

interface AlertRow {
  id: string;
  control_id: string;
  subject: string;
  tier: number;
  deliveries: string[];
  entries: number;
}

async function judge(
  site: Site,
  scenario: AlertScenario,
  { statuses, killed_pid, seconds, asked_again }: Offered,
): Promise<Findings> {
  const { at, receiver } = site;
  const none = (statement: string) => async () => (await at.sql(statement)).length === 0;
  await waitFor(none('select from holds limit 1'), { timeout_ms: 180_000, what: 'the end of all holds' });
  await waitFor(none("select from deliveries where status = 'pending' limit 1"), {
    timeout_ms: 120_000,
    what: 'the end of all deliveries',
  });
  const rows = await at.sql<AlertRow & Record<string, unknown>>(
    `select a.id, a.control_id, a.subject, a.tier,
        array(select d.id from deliveries d where d.alert_id = a.id and d.status = 'delivered') as deliveries,
        (select count(*)::int from audit_ledger l where l.object_id = a.id and l.event = 'LIMIT_TIER_REACHED') as entries
      from alerts a order by a.id`,
  );
  const received = idsByAlert(site);
  const broken = [...recordedWrong(site, rows), ...deliveredWrong(rows, received)];
  const messages = receiver.received.length;
  for (const [status, n] of statuses)
    if (!['200', '402', 'lost at the killed process'].includes(status))
      broken.push(`${n} calls were answered ${status}`);
  return {
    figures: {
      calls: scenario.calls,
      seconds,
      pids: at.servers.map(({ pid }) => pid),
      killed_pid,
      answers: Object.fromEntries(statuses),
      asked_again_after_503: asked_again,
      policies: site.balances.size,
      alerts: rows.length,
      messages_received: messages,
      received_again: messages - received.size,
    },
    broken,
  };
}

/** Ids of the messages by the alert they are about; a message whose signature is wrong ends the campaign. */
function idsByAlert({ receiver, secret }: Site): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { headers, body } of receiver.received) {
    const { data } = new Webhook(secret).verify(body, headers as Record<string, string>) as { data: { id: string } };
    found.set(data.id, (found.get(data.id) ?? new Set()).add(String(headers['webhook-id'])));
  }
  return found;
}

function recordedWrong({ balances }: Site, rows: readonly AlertRow[]): string[] {
  return [...balances].flatMap(([control_id, subjects]) => {
    const own = rows.filter((of) => of.control_id === control_id);
    const keys = own.map(({ subject, tier }) => `${subject} ${tier}`);
    return [
      ...(new Set(keys).size === keys.length ? [] : [`${control_id}: a tier was recorded twice: ${keys.join(', ')}`]),
      ...all_tiers.flatMap((tier) => {
        const n = own.filter((of) => of.tier === tier).length;
        return n === subjects ? [] : [`${control_id}: tier ${tier} was recorded ${n} times for ${subjects} balances`];
      }),
    ];
  });
}

function deliveredWrong(rows: readonly AlertRow[], received: Map<string, Set<string>>): string[] {
  const wrong = rows.flatMap(({ id, deliveries, entries }) => {
    const ids = [...(received.get(id) ?? [])];
    const [delivery] = deliveries;
    return [
      ...(entries === 1 ? [] : [`${id} has ${entries} ledger entries`]),
      ...(deliveries.length === 1 ? [] : [`${id} has ${deliveries.length} deliveries that arrived`]),
      ...(ids.length === 1 && ids[0] === delivery ? [] : [`${id} arrived under the ids ${ids.join(', ') || 'none'}`]),
    ];
  });
  const known = new Set(rows.map(({ id }) => id));
  const unknown = [...received.keys()].filter((id) => !known.has(id));
  return [...wrong, ...unknown.map((id) => `${id} arrived and was never recorded`)];
}

/** `tsx tools/campaigns/alerts.ts [--calls 10000] [--processes 3] [--in-flight 64]` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '10000' },
      processes: { type: 'string', default: '3' },
      'in-flight': { type: 'string', default: '64' },
    },
  });
  const { figures, broken } = await tellAll({
    calls: Number(values.calls),
    processes: Number(values.processes),
    in_flight: Number(values['in-flight']),
  });
  printFigures('alerts', figures);
  finish(broken);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
