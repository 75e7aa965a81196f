import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { Pool } from 'undici';
import { type Api, api, expectStatus, waitFor } from '../../e2e/parts/client.ts';
import { callingKey, type Installation, openInstallation } from './parts/installation.ts';
import { type Findings, finish, printFigures, quantile } from './parts/report.ts';

/**
 * Runs with live streams over several processes, stopped one by one, by agent, by key and all at once, while other
 * calls of the same agents keep coming. From the acknowledged request to the closed connection at the provider it takes
 * so long; after the acknowledgement nothing of what was stopped starts; what is contained stays so for a new process.
 */
export interface KillScenario {
  streams: number;
  processes: number;
}

const endless = { output_tokens: 20_000, chunk_delay_ms: 20 };
const brief = { output_tokens: 2 };
const allowed_ms = 250;

interface Live {
  /** Names its request in the log of the provider. */
  label: string;
  agent: string;
  key: string;
  run_id: string;
  /** Resolves with the text of the stream when it is over. */
  over: Promise<string>;
}

type Kind = 'run' | 'agent' | 'api_key' | 'tenant';

interface Stopped {
  kind: Kind;
  /** When the acknowledgement was here, milliseconds since 1970. */
  asked_at: number;
  acknowledged_at: number;
  complete: boolean;
  concerns: (live: Pick<Live, 'agent' | 'key' | 'run_id'>) => boolean;
}

const now = () => performance.timeOrigin + performance.now();

export async function kills({ streams, processes }: KillScenario): Promise<Findings> {
  const at = await openInstallation({ database: 'postgres', processes });
  const pools = at.servers.map(({ url }) => new Pool(url, { connections: streams, bodyTimeout: 0 }));
  try {
    const keys = await Promise.all(Array.from({ length: 4 }, () => callingKey(at.admin)));
    const lives = await Promise.all(
      Array.from({ length: streams }, (_, n) =>
        open(
          present(pools[n % pools.length], 'a process'),
          `stream-${n}`,
          `agent-${n % 20}`,
          present(keys[n % 4], 'a key').secret,
        ),
      ),
    );
    const noise = keepCalling(pools, lives);
    const stopped = await stopAll(at.admin, lives, keys);
    await pause(500);
    const attempts = await noise.stop();
    const texts = await Promise.all(lives.map((live) => live.over));
    await waitFor(async () => (await at.sql('select 1 from holds limit 1')).length === 0, {
      what: 'the end of all holds',
    });
    return await judge(at, lives, stopped, texts, attempts);
  } finally {
    await Promise.all(pools.map((pool) => pool.destroy()));
    await at.stop();
  }
}

async function open(pool: Pool, label: string, agent: string, key: string): Promise<Live> {
  const content = `Hello. stub: ${JSON.stringify({ ...endless, label })}`;
  const answer = await pool.request({
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'x-aos-agent-id': agent },
    body: JSON.stringify({ model: 'gpt-4o-mini', stream: true, messages: [{ role: 'user', content }] }),
  });
  if (answer.statusCode !== 200) throw new Error(`a stream could not be opened: ${await answer.body.text()}`);
  const over = answer.body.text().catch((error: Error) => `broken off: ${error.message}`);
  return { label, agent, key, run_id: String(answer.headers['x-aos-run-id']), over };
}

/** A brief call: what it belongs to, and its name in the log of the provider. */
interface Attempt {
  agent: string;
  key: string;
  run_id: string;
  label: string;
}

/** Brief calls of the same agents and keys, all the time. */
function keepCalling(pools: Pool[], lives: Live[]): { stop(): Promise<Attempt[]> } {
  const attempts: Attempt[] = [];
  let is_over = false;
  const caller = async (seed: number) => {
    for (let n = seed; !is_over; n++) {
      const { agent, key, run_id } = present(lives[(n * 7) % lives.length], 'a stream');
      const named = n % 3 === 0;
      const label = `brief-${n}-${attempts.length}`;
      const answer = await present(pools[n % pools.length], 'a process').request({
        path: '/v1/chat/completions',
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${key}`,
          'x-aos-agent-id': agent,
          ...(named && { 'x-aos-run-id': run_id }),
        },
        body: JSON.stringify({
          model: 'gpt-4o-mini',
          messages: [{ role: 'user', content: `Hello. stub: ${JSON.stringify({ ...brief, label })}` }],
        }),
      });
      await answer.body.dump();
      attempts.push({ agent, key, run_id: named ? run_id : '', label });
      await pause(5);
    }
  };
  const callers = [0, 1, 2, 3].map(caller);
  return {
    stop: async () => {
      is_over = true;
      await Promise.all(callers);
      return attempts;
    },
  };
}

async function stopAll(admin: Api, lives: Live[], keys: { id: string; secret: string }[]): Promise<Stopped[]> {
  const stopped: Stopped[] = [];
  const order = async (kind: Kind, path: string, body: object, concerns: Stopped['concerns']) => {
    const asked_at = now();
    const answer = await admin.post<{ complete: boolean }>(path, { ...body, reason: 'a campaign' });
    const acknowledged_at = now();
    if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
    stopped.push({ kind, asked_at, acknowledged_at, complete: answer.body.complete, concerns });
  };
  const contain = (kind: Kind, id: string | undefined, concerns: Stopped['concerns']) =>
    order(kind, '/api/v1/containments', { kind, id }, concerns);
  for (const live of lives.slice(0, Math.floor(lives.length * 0.3))) {
    await order('run', `/api/v1/runs/${live.run_id}/kill`, {}, ({ run_id }) => run_id === live.run_id);
  }
  for (let n = 0; n < 6; n++) await contain('agent', `agent-${n}`, ({ agent }) => agent === `agent-${n}`);
  const [first] = keys;
  if (first) await contain('api_key', first.id, ({ key }) => key === first.secret);
  await contain('tenant', undefined, () => true);
  return stopped;
}

async function judge(
  at: Installation,
  lives: Live[],
  stopped: Stopped[],
  texts: string[],
  attempts: Attempt[],
): Promise<Findings> {
  const entries = new Map(at.stub.log.map((entry) => [entry.label, entry]));
  const took: Record<string, number[]> = {};
  const left = new Set(lives);
  for (const stop of stopped) {
    for (const live of [...left].filter(stop.concerns)) {
      left.delete(live);
      const closed_at = entries.get(live.label)?.closed_at ?? Number.POSITIVE_INFINITY;
      took[stop.kind] = [...(took[stop.kind] ?? []), closed_at - stop.acknowledged_at];
    }
  }
  const all = Object.values(took).flat();
  const late = attempts.filter((attempt) => {
    const started_at = entries.get(attempt.label)?.started_at ?? 0;
    return stopped.some((stop) => stop.acknowledged_at < started_at && stop.concerns(attempt));
  });
  const told = texts.filter((text) => /run_terminated|agent_contained/.test(text)).length;
  const fresh = await at.startOne();
  const key = present(lives[0], 'a stream').key;
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello.' }] };
  const refused = await api(fresh, key).post('/v1/chat/completions', body);
  const { items } = expectStatus(
    200,
    await at.admin.get<{ items: { id: string }[] }>('/api/v1/containments?in_force=true'),
  );
  for (const { id } of items) await at.admin.post(`/api/v1/containments/${id}/release`, { reason: 'the end' });
  const again = await api(fresh, key).post('/v1/chat/completions', body);
  const p99 = quantile(all, 0.99) ?? Number.POSITIVE_INFINITY;
  const of = (values: number[]) => ({
    n: values.length,
    p50_ms: Math.round(quantile(values, 0.5) ?? 0),
    p99_ms: Math.round(quantile(values, 0.99) ?? 0),
    max_ms: Math.round(Math.max(...values)),
  });
  return {
    figures: {
      streams: lives.length,
      processes: at.servers.slice(0, -1).map(({ pid }) => pid),
      closed_after_acknowledgement: Object.fromEntries(
        Object.entries(took).map(([kind, values]) => [kind, of(values)]),
      ),
      all: of(all),
      acknowledged_after_ms: of(stopped.map((stop) => stop.acknowledged_at - stop.asked_at)),
      told,
      other_calls: attempts.length,
      started_at_the_provider_after_acknowledgement: late.length,
      by_a_new_process: [refused.status, again.status],
    },
    broken: [
      ...(p99 <= allowed_ms ? [] : [`p99 from acknowledgement to closed connection is ${p99.toFixed(0)} ms`]),
      ...(left.size === 0 ? [] : [`${left.size} streams were not stopped`]),
      ...(told === lives.length ? [] : [`${lives.length - told} callers were not told why`]),
      ...late.map(({ agent }) => `a call of ${agent} was sent to the provider after its stop was acknowledged`),
      ...stopped.filter((stop) => !stop.complete).map((stop) => `not all processes confirmed a stop of ${stop.kind}`),
      ...(refused.status === 403 ? [] : [`a new process answered ${refused.status} to a contained key`]),
      ...(again.status === 200 ? [] : [`after the release the answer is ${again.status}`]),
    ],
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { streams: { type: 'string', default: '200' }, processes: { type: 'string', default: '3' } },
  });
  const findings = await kills({ streams: Number(values.streams), processes: Number(values.processes) });
  printFigures('kill', findings.figures);
  finish(findings.broken);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
