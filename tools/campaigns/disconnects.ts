import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { nanoOfUsd, usdOfNano } from '@aos/core/base/money.ts';
import { expectStatus, makePolicy, waitFor } from '../../e2e/parts/client.ts';
import { Caller, offerAll, type Seen } from './parts/caller.ts';
import { nano_model, nano_tiers } from './parts/cap-calls.ts';
import { callingKey, type Installation, openInstallation, setPrice } from './parts/installation.ts';
import { type PlannedCall, planCall } from './parts/plan.ts';
import { randomFrom } from './parts/random.ts';
import { emptyRuns, recount } from './parts/recount.ts';
import { type Findings, finish, printFigures } from './parts/report.ts';
import { observe } from './parts/watch.ts';

/**
 * Callers that go away, each at another part of their answer. A stream is ended upstream and charged for no less than
 * its caller received and no more than the provider sent; a plain answer is read to its end and charged as billed.
 * Afterwards nothing is reserved, no request is left open, and all that remains of the cap can be spent.
 */
export interface DisconnectScenario {
  calls: number;
  in_flight: number;
  seed: number;
}

const model = 'gpt-4o';
const output_tokens = 100;
/** Bytes of one text event of the stub on the chat wire, nearly. */
const event_bytes = 240;
/** At which parts of a stream callers leave. */
const parts = [0, 0.05, 0.5, 0.99] as const;

export async function disconnects(scenario: DisconnectScenario): Promise<Findings> {
  const at = await openInstallation({ database: 'postgres', processes: 1, stub: { seed: scenario.seed } });
  const server = present(at.servers[0], 'the process');
  const caller = new Caller(server.url, 0, scenario.in_flight);
  try {
    const { key, policy_id, control_id } = await prepare(at);
    const calls = planLeavingCalls(scenario, key);
    const begun_ms = performance.now();
    const seen = await offerAll(calls, scenario.in_flight, (call) => caller.send(call));
    const seconds = (performance.now() - begun_ms) / 1000;
    const none = async () => (await at.sql('select from holds limit 1')).length === 0;
    await waitFor(none, { what: 'the end of all holds' });
    const settled = await observe(at.sql, control_id);
    const rest = await spendTheRest(at, { caller, key, policy_id, control_id, posted: settled.posted });
    const open = at.stub.log.filter(({ closed_at }) => closed_at === null).length;
    const compared = await compare(at, seen);
    const empty = await emptyRuns(at.sql);
    return {
      figures: {
        calls: seen.length,
        seconds: Number(seconds.toFixed(1)),
        ...compared.figures,
        settled_usd: usdOfNano(settled.posted),
        holds_at_rest: settled.holds,
        pending_at_rest: String(settled.pending),
        requests_to_the_provider: { all: at.stub.log.length, still_open: open },
        empty_runs: empty.length,
      },
      broken: [
        ...compared.broken,
        ...rest,
        ...(settled.pending === 0n ? [] : [`${settled.pending} is pending at rest`]),
        ...(open === 0 ? [] : [`${open} requests to the provider are still open`]),
        ...(await recount(at.sql)),
        ...empty.map((id) => `${id} has no step`),
      ],
    };
  } finally {
    await caller.close();
    await at.stop();
  }
}

async function prepare({ admin }: Installation): Promise<{ key: string; policy_id: string; control_id: string }> {
  await setPrice(admin, 'openai', nano_model, nano_tiers);
  const policy = await makePolicy(admin, capOf('2000'));
  const [control] = policy.controls as { id: string }[];
  const { secret } = await callingKey(admin);
  return { key: secret, policy_id: policy.id, control_id: present(control, 'the control').id };
}

/** The policy with this cap; with the id of its control it is an edit, which keeps what was spent. */
const capOf = (max: string, id?: string) => ({
  name: 'Spend of a day',
  target: { kind: 'all_runs' },
  controls: [
    { ...(id && { id }), limit: { type: 'cost_usd', max, window: { per: 'day', timezone: 'UTC' } }, action: 'block' },
  ],
});

function planLeavingCalls({ calls, seed }: DisconnectScenario, key: string): PlannedCall[] {
  const random = randomFrom(seed);
  return Array.from({ length: calls }, (_, n) => {
    const stream = random.chance(0.85);
    const directive = { output_tokens, chunk_tokens: 1, ...(stream ? { chunk_delay_ms: 1 } : { delay_ms: 30 }) };
    const shape = {
      label: `d${seed}c${n}`,
      wire: 'chat',
      model,
      stream,
      text: 'Count to a hundred.',
      directive,
    } as const;
    const call = planCall({ ...shape, max_tokens: output_tokens }, key);
    const part = random.pick(parts);
    if (!stream || part === 0) return { ...call, leave_after_ms: random.whole(0, 40) };
    return { ...call, leave_after_bytes: Math.floor(part * output_tokens * event_bytes) };
  });
}

/** The cap is set to a dollar above what is posted: all of it can be reserved by one call, nothing is held back for those who left. */
async function spendTheRest(
  { admin }: Installation,
  of: { caller: Caller; key: string; policy_id: string; control_id: string; posted: bigint },
): Promise<string[]> {
  const left = nanoOfUsd('1');
  const cap = capOf(usdOfNano(of.posted + left), of.control_id);
  expectStatus(200, await admin.put(`/api/v1/policies/${of.policy_id}`, { ...cap, reason: 'a campaign' }));
  const ask = async (label: string, tokens: bigint) => {
    const shape = { label, wire: 'chat', model: nano_model, stream: false, text: 'All of it.' } as const;
    const bound = { max_tokens: Number(tokens), directive: { output_tokens: 1 } };
    return (await of.caller.send(planCall({ ...shape, ...bound }, of.key))).status;
  };
  const more = await ask('more', left + 1n);
  const all = await ask('all', left);
  return [
    ...(more === 402 ? [] : [`a call that needs one nano-dollar more than the ${left} left was answered ${more}`]),
    ...(all === 200 ? [] : [`a call that needs all of the ${left} nano-dollars left was answered ${all}`]),
  ];
}

interface Row {
  prompt_hash: string;
  execution_status: string;
  usage_source: string;
  input_tokens: string | null;
  output_tokens: string | null;
}

async function compare({ sql, stub }: Installation, seen: readonly Seen[]) {
  const rows = await sql<Row>(
    'select prompt_hash, execution_status, usage_source, input_tokens, output_tokens from llm_run_records',
  );
  const records = new Map(rows.map((row) => [row.prompt_hash, row]));
  const ids = new Map(stub.log.map(({ label, id }) => [label, id]));
  const lines = new Map(stub.bill().lines.map((line) => [line.id, line]));
  const ends: Record<string, number> = {};
  const sums = { received: 0, recorded: 0, sent_by_the_provider: 0 };
  const broken = seen.flatMap(({ call, ended, text_events }) => {
    const row = records.get(call.prompt_hash);
    const line = lines.get(ids.get(call.label) ?? '');
    const end = row ? `${ended}: ${row.execution_status} ${row.usage_source}` : `${ended}: no record`;
    ends[end] = (ends[end] ?? 0) + 1;
    if (!row || !line) return line ? [`${call.label} reached the provider and has no record`] : [];
    const recorded = Number(row.output_tokens);
    if (row.execution_status === 'cancelled') {
      sums.received += text_events;
      sums.recorded += recorded;
      sums.sent_by_the_provider += line.output_tokens;
      const is_between = text_events <= recorded && recorded <= line.output_tokens;
      return is_between
        ? []
        : [`${call.label}: ${text_events} received, ${recorded} recorded, ${line.output_tokens} sent`];
    }
    const is_equal = recorded === line.output_tokens && Number(row.input_tokens) === line.input_tokens;
    return is_equal
      ? []
      : [
          `${call.label}: ${row.input_tokens}/${recorded} recorded, ${line.input_tokens}/${line.output_tokens} billed (${end})`,
        ];
  });
  return { figures: { ends, output_tokens_of_cancelled: sums }, broken };
}

/** `tsx tools/campaigns/disconnects.ts [--calls 10000] [--in-flight 64] [--seed 1]` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '10000' },
      'in-flight': { type: 'string', default: '64' },
      seed: { type: 'string', default: '1' },
    },
  });
  const size = { calls: Number(values.calls), in_flight: Number(values['in-flight']), seed: Number(values.seed) };
  const { figures, broken } = await disconnects(size);
  printFigures('callers that leave', figures);
  finish(broken);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
