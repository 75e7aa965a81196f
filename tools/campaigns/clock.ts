import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { type Api, api, expectStatus, makeKey, makePolicy, openaiClient, waitFor } from '../../e2e/parts/client.ts';
import { say, wires } from '../../e2e/parts/gateway.ts';
import type { ServerProcess } from '../../e2e/parts/processes.ts';
import { type Seen, verdictOnClock } from './parts/clock-verdict.ts';
import { type Installation, openInstallation } from './parts/installation.ts';
import { type Findings, finish, printFigures } from './parts/report.ts';
import { type SteppedClock, steppedClock, whyNoSteppedClock } from './parts/stepped-clock.ts';

/**
 * The clock of a machine is set on and back while a server on it works, beside one on a machine with the true time, over
 * one database: limits, runs, sessions, keys, ids and the ledger must go on as if nothing had happened.
 */
export interface ClockScenario {
  /** How far from the true time the clock is set, one after the other. */
  offsets: readonly string[];
  /** For how long it stays so. */
  stretch_s: number;
  /** How many calls an agent may make in a day, and another one in any sixty seconds. */
  caps: { daily: number; bursting: number };
}

interface ClockSite {
  at: Installation;
  clock: SteppedClock;
  /** The process whose clock is set, and one whose clock is not. */
  stepped: ServerProcess;
  steady: ServerProcess;
}

export async function clockSteps(scenario: ClockScenario): Promise<Findings> {
  const clock = steppedClock();
  const at = await openInstallation({ database: 'postgres', processes: 1, env: { AOS_SUSPECT_SECONDS: '5' } });
  try {
    const stepped = await at.startOne(clock.env);
    const seen = await stepThrough({ at, clock, stepped, steady: present(at.servers[0], 'a process') }, scenario);
    await waitFor(async () => (await at.sql('select from holds limit 1')).length === 0, {
      what: 'the end of all holds',
    });
    return await verdictOnClock(at, seen, scenario.caps);
  } finally {
    await at.stop();
    clock.remove();
  }
}

async function stepThrough(site: ClockSite, { offsets, stretch_s, caps }: ClockScenario): Promise<Seen> {
  const { at, clock, stepped } = site;
  const control_id = await prepare(at.admin, caps);
  const seen: Seen = { began_ms: Date.now(), admitted: {}, refused: {}, streams: [], runs: [], doors: [], windows: [] };
  const doors = await openDoors(stepped);
  seen.runs = await startRuns(at.admin, offsets.length * stretch_s);
  const calling = keepCalling(site, Object.keys(caps), seen);
  try {
    for (const offset of ['+0', ...offsets]) {
      const streams = [streamOver(stepped, stretch_s), streamOver(stepped, stretch_s)];
      await pause(stretch_s * 250);
      clock.set(offset);
      await pause(stretch_s * 750);
      seen.streams.push(...(await Promise.all(streams)));
      seen.doors.push({ offset, ...(await doors()) });
      const state = await api(stepped).get<{ window: { start: string } }>(`/api/v1/limits/${control_id}/state`);
      seen.windows.push(expectStatus(200, state).window.start);
      printFigures('step', { offset, admitted: { ...seen.admitted }, refused: { ...seen.refused } });
    }
  } finally {
    await calling.stop();
  }
  await waitFor(async () => (await at.sql('select from managed_runs where ended_at is null limit 1')).length === 0, {
    what: 'the end of all runs',
  });
  return seen;
}

/** A zone in which the day is neither young nor old, so that no true midnight falls into the campaign. */
function zoneAtNoon(): string {
  const hour = new Date().getUTCHours();
  if (hour >= 2 && hour < 22) return 'UTC';
  return 'Asia/Tokyo';
}

/** A limit on a day, one on any sixty seconds, each for an agent of its own; answers the control of the first. */
async function prepare(admin: Api, caps: ClockScenario['caps']): Promise<string> {
  const day = { per: 'day', timezone: zoneAtNoon() };
  const limited = (agent: string, max: number, window: object) =>
    makePolicy(admin, {
      name: `for ${agent}`,
      target: { kind: 'agent', ids: [agent] },
      controls: [{ limit: { type: 'requests', max, window }, action: 'block' }],
    });
  const { id } = await limited('daily', caps.daily, day);
  await limited('bursting', caps.bursting, { per: 'minute' });
  expectStatus(
    201,
    await admin.post('/api/v1/agents', { slug: 'runner', skills: ['wait', 'llm'], default_model: 'mock-small' }),
  );
  const limits = await admin.get<{ items: { id: string }[] }>(`/api/v1/limits?policy_id=${id}`);
  return present(expectStatus(200, limits).items[0], 'the limit on a day').id;
}

/** A session, a key that ends in an hour, and one that ends at once: asked for again after each step. */
async function openDoors(stepped: ServerProcess) {
  const admin = api(stepped);
  const ends = (in_ms: number) => ({ role: 'viewer', expires_at: new Date(Date.now() + in_ms).toISOString() });
  const living = await makeKey(admin, ends(3_600_000 - 60_000));
  const ending = await makeKey(admin, ends(1_500));
  const signed_in = await admin.post('/api/v1/session', { key: stepped.admin_key });
  expectStatus(200, signed_in);
  const cookie = (signed_in.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const status = async (headers: Record<string, string>) =>
    (await fetch(`${stepped.url}/api/v1/policies?limit=1`, { headers })).status;
  await pause(1_600);
  return async () => ({
    session: await status({ cookie }),
    living_key: await status({ authorization: `Bearer ${living.secret}` }),
    ended_key: await status({ authorization: `Bearer ${ending.secret}` }),
  });
}

/** Runs that take as long as all steps together, over both processes. */
async function startRuns(admin: Api, seconds: number): Promise<string[]> {
  const parts = 4;
  const steps = Array.from({ length: parts }, (_, n) => ({
    ...{ id: `wait${n}`, skill: 'wait', params: { seconds: seconds / parts }, on_error: 'fail', retries: 0 },
    depends_on: n === 0 ? [] : [`wait${n - 1}`],
  }));
  const asked = Array.from({ length: 6 }, (_, n) =>
    admin.post<{ id: string }>('/api/v1/runs', { goal: `run ${n}`, agent_id: 'runner', plan: { steps } }),
  );
  return (await Promise.all(asked)).map((answer) => expectStatus(202, answer).id);
}

/** Calls of both agents over both processes, until told to stop. */
function keepCalling({ stepped, steady }: ClockSite, agents: readonly string[], seen: Seen) {
  let is_over = false;
  const caller = async (server: ServerProcess, agent: string) => {
    const client = api(server);
    while (!is_over) {
      const headers = { 'x-aos-agent-id': agent };
      const { status } = await client.post(wires.chat.path, wires.chat.body({ output_tokens: 2 }), { headers });
      const counted = status === 200 ? seen.admitted : seen.refused;
      const name = status === 200 ? agent : `${agent} ${status}`;
      counted[name] = (counted[name] ?? 0) + 1;
      await pause(150);
    }
  };
  const all = [stepped, steady].flatMap((server) => agents.map((agent) => caller(server, agent)));
  return {
    stop: async () => {
      is_over = true;
      await Promise.all(all);
    },
  };
}

/** A stream that is under way when the clock is set. */
async function streamOver(server: ServerProcess, stretch_s: number): Promise<Seen['streams'][number]> {
  const chunks_wanted = 20;
  const directive = {
    ...{ output_tokens: chunks_wanted, chunk_tokens: 1 },
    chunk_delay_ms: Math.round((stretch_s * 600) / chunks_wanted),
  };
  const stream = await openaiClient(server, server.admin_key).chat.completions.create({
    ...{ model: 'gpt-4o-mini', messages: say(directive), stream: true },
  });
  let chunks = 0;
  let finished = false;
  for await (const { choices } of stream) {
    if (choices[0]?.delta.content) chunks += 1;
    finished ||= choices[0]?.finish_reason === 'stop';
  }
  return { chunks, finished };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const missing = whyNoSteppedClock();
  if (missing === null) {
    const { values } = parseArgs({ options: { seconds: { type: 'string', default: '8' } } });
    const offsets = ['+1h', '-1h', '+1d', '-1d', '+0'];
    const { figures, broken } = await clockSteps({
      ...{ offsets, stretch_s: Number(values.seconds) },
      caps: { daily: 60, bursting: 25 },
    });
    printFigures('clock', figures);
    finish(broken);
  } else process.stdout.write(`SKIPPED: 1 campaign: ${missing}.\n`);
}
