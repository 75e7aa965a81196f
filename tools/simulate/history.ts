import { present } from '@aos/core/base/assert.ts';
import { Heap } from '@aos/core/base/heap.ts';
import { firstSuffixAt } from '@aos/core/base/id.ts';
import { usdOfNano } from '@aos/core/base/money.ts';
import { instantText } from '@aos/core/base/time.ts';
import pg from 'pg';
import { type Random, randomFrom } from '../campaigns/parts/random.ts';
import { copyInto } from './copy-in.ts';

/** A past of one tenant, made up: as many calls, over as many days up to this instant. */
export interface HistoryOptions {
  url: string;
  tenant_id: string;
  project_id: string;
  api_key_id: string;
  calls: number;
  days: number;
  until_ms: number;
  seed: number;
}

const day_ms = 86_400_000;
const models = [
  { name: 'gpt-4o-mini', input_pico: 150_000, output_pico: 600_000, weight: 6 },
  { name: 'gpt-4o', input_pico: 2_500_000, output_pico: 10_000_000, weight: 3 },
  { name: 'gpt-4.1', input_pico: 2_000_000, output_pico: 8_000_000, weight: 1 },
] as const;
const agents = 40;
const actors = 200;

interface Run {
  at_ms: number;
  id: string;
  agent: number;
  actor: number | null;
  session: string | null;
  calls_left: number;
  model: (typeof models)[number];
  /** Tokens of the conversation so far. */
  context: number;
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Ids that sort by their instants, as real ones do, and that the same seed makes again. */
function idMaker(random: Random) {
  let last_ms = 0;
  let nth = 0;
  return (prefix: string, at_ms: number): string => {
    nth = at_ms === last_ms ? nth + 1 : 0;
    last_ms = at_ms;
    let tail = nth.toString(32).padStart(4, '0');
    tail = [...tail].map((digit) => alphabet[Number.parseInt(digit, 32)]).join('');
    for (let n = 0; n < 12; n++) tail += alphabet[random.whole(0, 31)];
    return `${prefix}_${firstSuffixAt(at_ms).slice(0, 10)}${tail}`;
  };
}

/** More at noon than at night: the later of three tries that is not refused. */
function startIn(random: Random, { until_ms, days }: HistoryOptions): number {
  for (;;) {
    const at_ms = until_ms - random.whole(60_000, days * day_ms);
    const hour = (at_ms % day_ms) / 3_600_000;
    if (random.chance(0.25 + 0.75 * Math.sin((Math.PI * hour) / 24) ** 2)) return at_ms;
  }
}

/** Few agents make most of the calls. */
const skewed = (random: Random, most: number): number => Math.floor(most * (random.whole(0, 9_999) / 10_000) ** 2.2);

const modelFor = (random: Random) => {
  let at = random.whole(1, 10);
  return present(
    models.find(({ weight }) => {
      at -= weight;
      return at <= 0;
    }),
    'a model',
  );
};

function* runsOf(options: HistoryOptions, random: Random): Generator<Run> {
  const id = idMaker(random);
  for (let calls = 0; calls < options.calls; ) {
    const at_ms = startIn(random, options);
    const wanted = random.chance(0.4) ? 1 : 1 + Math.floor(-Math.log(1 - random.whole(0, 9_999) / 10_000) * 12);
    const calls_left = Math.min(wanted, options.calls - calls);
    calls += calls_left;
    const actor = random.chance(0.7) ? skewed(random, actors) : null;
    const session = random.chance(0.5) ? id('ses', at_ms) : null;
    const of = { agent: skewed(random, agents), actor, session, calls_left, model: modelFor(random) };
    yield { at_ms, id: id('run', at_ms), context: random.whole(100, 3_000), ...of };
  }
}

const columns = [
  ...['tenant_id', 'id', 'run_id', 'trace_id', 'step_id', 'decision_id', 'project_id', 'agent_id', 'actor_id'],
  ...['api_key_id', 'session_id', 'provider', 'model', 'wire', 'streamed', 'execution_status', 'http_status'],
  ...['prompt_hash', 'response_hash', 'input_tokens', 'output_tokens', 'cached_input_tokens', 'cache_write_tokens'],
  ...['reasoning_tokens', 'usage_source', 'cost_usd', 'price_id', 'price_version', 'policy_snapshot_id', 'verdict'],
  ...['estimate', 'holds', 'tags', 'source', 'admitted_at', 'first_byte_at', 'settled_at'],
] as const;

const agentId = (n: number) => `agt_${'0'.repeat(22)}${String(n).padStart(4, '0')}`;
const actorId = (n: number) => `act_${'0'.repeat(22)}${String(n).padStart(4, '0')}`;

/** The calls of all runs in the order of their admission, as lines for COPY. */
function* callLines(options: HistoryOptions, random: Random): Generator<string> {
  const waiting = new Heap<Run>();
  for (const run of [...runsOf(options, random)]) waiting.add(run);
  const id = idMaker(random);
  let lines = '';
  for (let run = waiting.take(); run; run = waiting.take()) {
    const took_ms = 300 + Math.floor(-Math.log(1 - random.whole(0, 9_999) / 10_000) * 4_000);
    lines += lineOf(options, run, id('rec', run.at_ms), took_ms, random);
    if (lines.length > 500_000) {
      yield lines;
      lines = '';
    }
    run.calls_left -= 1;
    const next_ms = run.at_ms + took_ms + random.whole(50, 8_000);
    if (run.calls_left > 0 && next_ms < options.until_ms) waiting.add({ ...run, at_ms: next_ms });
  }
  if (lines) yield lines;
}

function lineOf(options: HistoryOptions, run: Run, id: string, took_ms: number, random: Random): string {
  const suffix = id.slice(4);
  const fails = random.chance(0.01);
  const output = fails ? 0 : 20 + Math.floor(-Math.log(1 - random.whole(0, 9_999) / 10_000) * 220);
  const input = run.context;
  run.context = Math.min(120_000, run.context + output + random.whole(20, 400));
  const { model } = run;
  const bound = input * 4 + 40;
  const wanted = random.chance(0.6) ? { wanted: 1_000, floor: 1_000 } : { wanted: 4_096, floor: 16 };
  const estimate = {
    ...{ input_tokens: bound, input_bound: 'bytes', output_tokens: wanted, choices: 1 },
    tool_results: random.chance(0.3) ? random.whole(1, 3) : 0,
    price: { base_pico: String(bound * model.input_pico), output_pico: String(model.output_pico) },
  };
  const pico = fails ? 0n : BigInt(input) * BigInt(model.input_pico) + BigInt(output) * BigInt(model.output_pico);
  const cost = usdOfNano((pico + 999n) / 1000n);
  const at = instantText(run.at_ms);
  const hold = {
    ...{ policy_id: `pol_${'0'.repeat(26)}`, policy_version: 1, control_id: `ctl_${'0'.repeat(26)}`, type: 'cost_usd' },
    ...{ action: 'block', mode: 'enforce', subject: '*', window_start: at, resets_at: at, cap: '500000000000' },
    ...{ posted_before: '1234567890', pending_before: '12345678', held: '12345678', posted: '123456' },
  };
  const values = [
    ...[options.tenant_id, id, run.id, `trc_${run.id.slice(4)}`, `stp_${suffix}`, `dec_${suffix}`, options.project_id],
    ...[agentId(run.agent), run.actor === null ? null : actorId(run.actor), options.api_key_id, run.session],
    ...['openai', model.name, 'chat', random.chance(0.5), fails ? 'failed' : 'succeeded', fails ? 500 : 200],
    ...['0'.repeat(64), '1'.repeat(64), fails ? null : input, fails ? null : output, 0, 0, 0],
    ...[fails ? 'none' : 'provider', cost, 'packaged', '1', `snp_${'0'.repeat(26)}`, 'continue'],
    ...[JSON.stringify(estimate), JSON.stringify([hold]), JSON.stringify({ team: `team-${run.agent % 7}` }), 'gateway'],
    ...[at, instantText(run.at_ms + 200), instantText(run.at_ms + took_ms)],
  ];
  return `${values.map((value) => (value === null ? '\\N' : String(value))).join('\t')}\n`;
}

/** Writes the past into a migrated database, as its owner; answers how many calls it has. */
export async function writeHistory(options: HistoryOptions): Promise<number> {
  const client = new pg.Client({ connectionString: options.url, options: '-c search_path=aos -c timezone=UTC' });
  await client.connect();
  try {
    const from = instantText(options.until_ms - options.days * day_ms);
    await client.query('call ensure_partitions($1, $2)', [from, Math.ceil(options.days / 28) + 2]);
    await client.query(`set app.tenant_id = '${options.tenant_id}'`);
    await register(client, options);
    await copyInto(client, 'llm_run_records', columns, callLines(options, randomFrom(options.seed)));
    await client.query('vacuum analyze llm_run_records');
    const { rows } = await client.query<{ calls: string }>('select count(*) as calls from llm_run_records');
    return Number(rows[0]?.calls);
  } finally {
    await client.end();
  }
}

async function register(client: pg.Client, { tenant_id, project_id }: HistoryOptions): Promise<void> {
  const at = '2026-01-01T00:00:00.000Z';
  await client.query(
    `insert into agents (tenant_id, id, project_id, slug, name, created_at)
      select $1, 'agt_' || lpad(n::text, 26, '0'), $2, 'agent-' || n, 'Agent ' || n, $3 from generate_series(0, $4 - 1) n`,
    [tenant_id, project_id, at, agents],
  );
  await client.query(
    `insert into actors (tenant_id, id, slug, name, created_at)
      select $1, 'act_' || lpad(n::text, 26, '0'), 'actor-' || n, 'Actor ' || n, $2 from generate_series(0, $3 - 1) n`,
    [tenant_id, at, actors],
  );
}
