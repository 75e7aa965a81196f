import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { cpuSeconds, peakMemoryMb } from './cpu.ts';
import type { Added, Line, Rounds } from './figures.ts';

/** What is measured: the gateway, the processes whose CPU counts, and how long. */
export interface Measured {
  url: string;
  key: string;
  pid: number;
  /** The parent of the database's processes; 0 when it is not known. */
  database_pid: number;
  upstream_port: number;
  rounds: number;
  seconds: number;
  suites: string[];
}

interface Target {
  pool: Pool;
  key: string;
}

const stub = fileURLToPath(new URL('stub.mjs', import.meta.url));
const prompt = 'Summarise the quarterly incident report for the platform team, and list the owners. '.repeat(8);
const bodyOf = (stream: boolean) =>
  JSON.stringify({
    model: 'gpt-4o-mini',
    max_tokens: 256,
    messages: [
      { role: 'system', content: 'You are a careful assistant.' },
      { role: 'user', content: prompt },
    ],
    ...(stream && { stream: true, stream_options: { include_usage: true } }),
  });
const bodies = { plain: bodyOf(false), stream: bodyOf(true) };

const warm_calls = 2_000;
const low_rate_calls = 200;
const low_rate_gap_ms = 5;
const chunks_per_stream = 100;

/**
 * A small load for those who have no harness: a provider and a raw pass-through as processes of their own, the load in
 * this one. Each measurement of the gateway follows one of the pass-through.
 */
export async function ownLoad(of: Measured): Promise<Line> {
  const pass_through_port = await freePort();
  const children = [
    await startStub('provider', String(of.upstream_port)),
    await startStub('pass-through', String(pass_through_port), String(of.upstream_port)),
  ];
  const targetAt = (origin: string): Target => ({
    pool: new Pool(origin, { connections: 512, pipelining: 1 }),
    key: of.key,
  });
  const [gateway, reference] = [targetAt(of.url), targetAt(`http://127.0.0.1:${pass_through_port}`)];
  const direct = targetAt(`http://127.0.0.1:${of.upstream_port}`);
  try {
    for (const target of [gateway, reference, direct]) await calls(target, { connections: 32, calls: warm_calls });
    const line: Line = { failed: 0 };
    const wants = (suite: string) => of.suites.includes(suite);
    if (wants('throughput')) {
      line.json_c32 = await throughput(of, gateway, reference, 32);
      line.json_c128 = await throughput(of, gateway, reference, 128);
    }
    if (wants('latency')) {
      line.json_latency = await latency(gateway, direct, 'plain', of.rounds);
      line.first_chunk_latency = await latency(gateway, direct, 'stream', of.rounds);
    }
    if (wants('stream')) line.stream64_flat_out = await streaming(of, gateway, reference);
    return { ...line, memory_mb: { peak: peakMemoryMb(of.pid) } };
  } finally {
    await Promise.all([gateway, reference, direct].map(({ pool }) => pool.destroy()));
    for (const child of children) child.kill();
  }
}

/** Starts a part of the stub as a process of its own and waits until it listens. */
export async function startStub(role: string, ...ports: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [stub, role, ...ports], { stdio: ['ignore', 'inherit', 'inherit'] });
  process.once('exit', () => child.kill());
  const origin = `http://127.0.0.1:${ports[0]}`;
  for (let attempt = 0; attempt < 100; attempt++) {
    const is_up = await fetch(origin, { method: 'OPTIONS', body: null }).then(
      () => true,
      () => false,
    );
    if (is_up) return child;
    await sleep(50);
  }
  throw new Error(`the ${role} of the bench did not start at ${origin}`);
}

/** One call; answers after how many milliseconds its first byte came. Fails unless it was answered with 200. */
async function call({ pool, key }: Target, kind: keyof typeof bodies): Promise<number> {
  const begun = performance.now();
  const answer = await pool.request({
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: bodies[kind],
  });
  let first_ms: number | undefined;
  for await (const _ of answer.body) first_ms ??= performance.now() - begun;
  if (answer.statusCode !== 200) throw new Error(`a call was answered with ${answer.statusCode}`);
  return kind === 'stream' ? (first_ms ?? 0) : performance.now() - begun;
}

/** Calls from so many callers, each after its last, until the time is over or there were enough; answers how many. */
async function calls(
  target: Target,
  until: { connections: number; calls?: number; seconds?: number; kind?: keyof typeof bodies },
): Promise<{ done: number; seconds: number }> {
  const begun = performance.now();
  const end_ms = begun + (until.seconds ?? Infinity) * 1000;
  const most = until.calls ?? Infinity;
  let asked = 0;
  const caller = async () => {
    while (asked < most && performance.now() < end_ms) {
      asked++;
      await call(target, until.kind ?? 'plain');
    }
  };
  await Promise.all(Array.from({ length: until.connections }, caller));
  return { done: asked, seconds: (performance.now() - begun) / 1000 };
}

const spreadOf = (values: number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (n: number) => sorted[n] ?? 0;
  return { median: at(Math.floor(sorted.length / 2)), min: at(0), max: at(sorted.length - 1) };
};

async function throughput(of: Measured, gateway: Target, reference: Target, connections: number): Promise<Rounds> {
  const rounds: { rps: number; ratio: number; own_us: number; database_us: number }[] = [];
  for (let n = 0; n < of.rounds; n++) {
    const raw = await calls(reference, { connections, seconds: of.seconds });
    const [own, database] = [cpuSeconds(of.pid), cpuSeconds(of.database_pid)];
    const governed = await calls(gateway, { connections, seconds: of.seconds });
    const usOf = (seconds: number) => (seconds * 1e6) / governed.done;
    const rps = governed.done / governed.seconds;
    rounds.push({
      rps,
      ratio: rps / (raw.done / raw.seconds),
      own_us: usOf(cpuSeconds(of.pid) - own),
      database_us: usOf(cpuSeconds(of.database_pid) - database),
    });
  }
  return {
    rps: spreadOf(rounds.map((round) => round.rps)),
    rps_ratio: spreadOf(rounds.map((round) => round.ratio)),
    cpu_us_per_request: spreadOf(rounds.map((round) => round.own_us)),
    ...(of.database_pid > 0 && { helper_cpu_us_per_request: spreadOf(rounds.map((round) => round.database_us)) }),
  };
}

async function latency(gateway: Target, direct: Target, kind: keyof typeof bodies, rounds: number): Promise<Added> {
  const [governed, raw]: [number[], number[]] = [[], []];
  const added: number[] = [];
  const quantile = (values: number[], q: number) =>
    values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? 0;
  for (let round = 0; round < rounds; round++) {
    const now: [number[], number[]] = [[], []];
    for (let n = 0; n < low_rate_calls; n++) {
      await sleep(low_rate_gap_ms);
      now[0].push(await call(gateway, kind));
      await sleep(low_rate_gap_ms);
      now[1].push(await call(direct, kind));
    }
    governed.push(...now[0]);
    raw.push(...now[1]);
    added.push(1000 * (quantile(now[0], 0.5) - quantile(now[1], 0.5)));
  }
  return { added_p50_us: spreadOf(added), added_p99_us: 1000 * (quantile(governed, 0.99) - quantile(raw, 0.99)) };
}

async function streaming(of: Measured, gateway: Target, reference: Target): Promise<Rounds> {
  const ratios: number[] = [];
  const cpu: number[] = [];
  for (let n = 0; n < of.rounds; n++) {
    const raw = await calls(reference, { connections: 64, seconds: of.seconds, kind: 'stream' });
    const before = cpuSeconds(of.pid);
    const governed = await calls(gateway, { connections: 64, seconds: of.seconds, kind: 'stream' });
    ratios.push(governed.done / governed.seconds / (raw.done / raw.seconds));
    cpu.push(((cpuSeconds(of.pid) - before) * 10_000) / (governed.done * chunks_per_stream));
  }
  return { chunks_per_s_ratio: spreadOf(ratios), cpu_s_per_10k_chunks: spreadOf(cpu) };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
