import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { api } from '../../e2e/parts/client.ts';
import { startServer } from '../../e2e/parts/processes.ts';
import { memoryNowMb, peakMemoryMb } from '../bench/cpu.ts';
import { freePort, startStub } from '../bench/load.ts';
import { built_program, makePolicies } from '../bench/subject.ts';
import { callingKey } from './parts/installation.ts';
import { type Findings, finish, printFigures, quantile } from './parts/report.ts';

/**
 * The built server as its image starts it, on the embedded database, with 100 policies. Streams are held open all the
 * time, each for two minutes with a chunk a second and then followed by another; calls are spread evenly over the time.
 * The process may never hold more memory than the target, and after a warm-up it may not grow. Linux only.
 */
export interface SoakScenario {
  minutes: number;
  streams: number;
  calls: number;
}

const most_mb = 300;
/** Of the time, and how much more may be held at the end of it than then. */
const warm_part = 1 / 3;
const flat_mb = 15;
const stream_chunks = 120;
const chunk_gap_ms = 1_000;
const callers = 16;
const sample_ms = 2_000;

const prompt = 'Summarise the quarterly incident report for the platform team, and list the owners. '.repeat(8);
const bodyOf = (content: string, max_tokens: number, more: object = {}) =>
  JSON.stringify({ model: 'gpt-4o-mini', max_tokens, messages: [{ role: 'user', content }], ...more });
const plain = bodyOf(prompt, 256);
const slow = `${prompt} Answer in ${stream_chunks} chunks, one every ${chunk_gap_ms} ms.`;
const streamed = bodyOf(slow, 2_000, { stream: true, stream_options: { include_usage: true } });

interface Sample {
  at_s: number;
  rss_mb: number;
  open: number;
}

/** What the load has done so far. */
class Load {
  calls = 0;
  open = 0;
  streams_ended = 0;
  failed = new Map<string, number>();
  #is_over = false;
  readonly #pool: Pool;
  readonly #headers: Record<string, string>;

  constructor(url: string, key: string, connections: number) {
    this.#pool = new Pool(url, { connections, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 });
    this.#headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  }

  async call(): Promise<void> {
    await this.#send(plain).then(
      () => this.calls++,
      (error: Error) => this.#fail(error),
    );
  }

  async stream(): Promise<void> {
    const counted = { open: 0 };
    await this.#send(streamed, () => {
      this.open += 1;
      counted.open = 1;
    }).then(
      () => this.streams_ended++,
      (error: Error) => this.#fail(error),
    );
    this.open -= counted.open;
  }

  async #send(body: string, onFirst: () => void = () => undefined): Promise<void> {
    const request = { path: '/v1/chat/completions', method: 'POST' as const, headers: this.#headers, body };
    const answer = await this.#pool.request(request);
    let parts = 0;
    let end = '';
    for await (const part of answer.body) {
      if (parts++ === 0 && answer.statusCode === 200) onFirst();
      end = (end + part).slice(-200);
    }
    if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}: ${end}`);
    if (body === streamed && !end.includes('[DONE]')) throw new Error(`a stream ended with ${end}`);
  }

  #fail({ message }: Error): void {
    if (this.#is_over) return;
    this.failed.set(message, (this.failed.get(message) ?? 0) + 1);
  }

  /** Streams that are open still are cut. */
  close(): Promise<void> {
    this.#is_over = true;
    return this.#pool.destroy();
  }
}

export async function soak({ minutes, streams, calls }: SoakScenario): Promise<Findings> {
  const port = await freePort();
  const provider = await startStub('provider', String(port));
  const server = await startServer({
    program: built_program,
    start_ms: 300_000,
    env: {
      OPENAI_API_KEY: 'sk-soak',
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
      AOS_SECRET_KEY: randomBytes(32).toString('base64'),
    },
  });
  try {
    await makePolicies(server);
    const { secret } = await callingKey(api(server));
    const load = new Load(server.url, secret, streams + callers);
    const idle_mb = memoryNowMb(server.pid);
    const samples = await hold(load, server.pid, { minutes, streams, calls });
    await load.close();
    return judge(load, samples, { minutes, streams, calls }, { idle_mb, peak_mb: peakMemoryMb(server.pid) });
  } finally {
    await server.stop();
    provider.kill();
  }
}

/** Loads the server until the time is over and all calls are made, and tells each minute what it holds. */
async function hold(load: Load, pid: number, { minutes, streams, calls }: SoakScenario): Promise<Sample[]> {
  const begun = performance.now();
  const elapsed_ms = () => performance.now() - begun;
  const whole_ms = minutes * 60_000;
  let asked = 0;
  let is_over = false;
  const caller = async () => {
    while (asked < calls) {
      const due_ms = (asked++ / calls) * whole_ms;
      if (due_ms > elapsed_ms()) await sleep(due_ms - elapsed_ms());
      await load.call();
    }
  };
  const streamer = async (n: number) => {
    await sleep((n / streams) * Math.min(30_000, whole_ms / 10)); // as they would come, and not in one moment
    while (!is_over) {
      const begun_ms = elapsed_ms();
      await load.stream();
      if (elapsed_ms() - begun_ms < chunk_gap_ms) await sleep(chunk_gap_ms); // it was refused: no faster than a stream
    }
  };
  const samples: Sample[] = [];
  const watch = async () => {
    for (let told = 0; !is_over; await sleep(sample_ms)) {
      samples.push({ at_s: elapsed_ms() / 1000, rss_mb: memoryNowMb(pid), open: load.open });
      if (elapsed_ms() < told * 60_000) continue;
      const { calls: made, open } = load;
      const failed = Object.fromEntries(load.failed);
      const rss_mb = Math.round(memoryNowMb(pid));
      printFigures(`minute ${told++}`, { rss_mb, peak_mb: Math.round(peakMemoryMb(pid)), open, calls: made, failed });
    }
  };
  const watching = watch();
  void Promise.all(Array.from({ length: streams }, (_, n) => streamer(n)));
  await Promise.all([sleep(whole_ms), ...Array.from({ length: callers }, caller)]);
  is_over = true;
  await watching;
  return samples;
}

function judge(
  load: Load,
  samples: Sample[],
  { streams, calls }: SoakScenario,
  { idle_mb, peak_mb }: { idle_mb: number; peak_mb: number },
): Findings {
  const median = (of: Sample[], field: 'rss_mb' | 'open') =>
    quantile(
      of.map((sample) => sample[field]),
      0.5,
    ) ?? 0;
  const last_s = samples.at(-1)?.at_s ?? 0;
  const warm = samples.filter(({ at_s }) => at_s >= last_s * warm_part);
  const half = Math.floor(warm.length / 2);
  const [first, second] = [warm.slice(0, half), warm.slice(half)];
  const [earlier_mb, later_mb] = [median(first, 'rss_mb'), median(second, 'rss_mb')];
  const open = median(warm, 'open');
  const figures = {
    minutes: Number((last_s / 60).toFixed(1)),
    calls: load.calls,
    streams_ended: load.streams_ended,
    open_streams_median: open,
    idle_mb: Math.round(idle_mb),
    peak_mb: Math.round(peak_mb),
    median_mb_after_warm_up: { first_half: Math.round(earlier_mb), second_half: Math.round(later_mb) },
    failed: Object.fromEntries(load.failed),
  };
  const broken = [
    ...(peak_mb > 0 && peak_mb <= most_mb ? [] : [`${Math.round(peak_mb)} MB were held, and ${most_mb} may be`]),
    ...(later_mb - earlier_mb <= flat_mb ? [] : [`${Math.round(later_mb - earlier_mb)} MB more were held later on`]),
    ...(open >= streams * 0.98 ? [] : [`${open} of ${streams} streams were open`]),
    ...(load.calls === calls ? [] : [`${load.calls} of ${calls} calls were answered`]),
    ...[...load.failed].map(([why, count]) => `${count} times: ${why}`),
  ];
  return { figures, broken };
}

/** `tsx tools/campaigns/soak.ts [--minutes 30] [--streams 1000] [--calls 100000]`; builds the server first. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '30' },
      streams: { type: 'string', default: '1000' },
      calls: { type: 'string', default: '100000' },
    },
  });
  if (spawnSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' }).status !== 0) process.exit(1);
  const { minutes, streams, calls } = values;
  const { figures, broken } = await soak({ minutes: Number(minutes), streams: Number(streams), calls: Number(calls) });
  printFigures('soak', figures);
  finish(broken);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
