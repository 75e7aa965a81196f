import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { usdOfNano } from '@aos/core/base/money.ts';
import { expectStatus, makePolicy, waitFor } from '../../e2e/parts/client.ts';
import { Caller, offerAll, type Seen } from './parts/caller.ts';
import { dear_tiers } from './parts/cap-calls.ts';
import { callingKey, type Installation, openInstallation, type Sql, setPrice } from './parts/installation.ts';
import { mixed_models, planMixedCalls } from './parts/mixed-calls.ts';
import { nanoOf, ratesOf } from './parts/priced-bill.ts';
import { emptyRuns, recount } from './parts/recount.ts';
import { type Findings, finish, printFigures, quantile } from './parts/report.ts';

/**
 * Mixed calls of several projects and keys, with errors of the provider and without callers who leave: what the books
 * say, by whatever way they are summed, is what the provider bills, to the token and to the nano-dollar.
 */
export interface BooksScenario {
  calls: number;
  in_flight: number;
  seed: number;
}

export async function booksAgainstBill(scenario: BooksScenario): Promise<Findings> {
  const at = await openInstallation({ database: 'postgres', processes: 1, stub: { seed: scenario.seed } });
  const server = present(at.servers[0], 'the process');
  const caller = new Caller(server.url, 0, scenario.in_flight);
  try {
    const { keys, controls } = await prepare(at);
    const calls = planMixedCalls(scenario.calls, scenario.seed, keys);
    const begun_ms = performance.now();
    const seen = await offerAll(calls, scenario.in_flight, (call) => caller.send(call));
    const seconds = (performance.now() - begun_ms) / 1000;
    const none = async () => (await at.sql('select from holds limit 1')).length === 0;
    await waitFor(none, { what: 'the end of all holds' });
    await at.sql('analyze');
    return await compare(at, controls, seen, seconds);
  } finally {
    await caller.close();
    await at.stop();
  }
}

/** Ids of the controls that count, by what they count. */
type Controls = Record<'cost' | 'input' | 'output' | 'total' | 'cost_by_key' | 'cost_by_project' | 'requests', string>;

async function prepare({ admin }: Installation): Promise<{ keys: string[]; controls: Controls }> {
  await setPrice(admin, 'openai', 'gpt-4o', dear_tiers);
  const keys: string[] = [];
  for (const slug of ['books-one', 'books-two', 'books-three']) {
    const { id } = expectStatus(201, await admin.post<{ id: string }>('/api/v1/projects', { slug }));
    for (let n = 0; n < 2; n++) keys.push((await callingKey(admin, id)).secret);
  }
  const window = { per: 'month', timezone: 'UTC' };
  const cost = { type: 'cost_usd', max: '1000000', window };
  const limits = {
    cost,
    input: { type: 'tokens_input', max: 1_000_000_000, window },
    output: { type: 'tokens_output', max: 1_000_000_000, window },
    total: { type: 'tokens_total', max: 1_000_000_000, window },
    cost_by_key: { ...cost, count_per: 'api_key' },
    cost_by_project: { ...cost, count_per: 'project' },
    requests: { type: 'requests', max: 1_000_000, window: { per: 'day', timezone: 'UTC' } },
  };
  const controls = Object.values(limits).map((limit) => ({ limit, action: 'block' }));
  const policy = await makePolicy(admin, { name: 'All that is counted', target: { kind: 'all_runs' }, controls });
  const ids = (policy.controls as { id: string }[]).map(({ id }) => id);
  const named = Object.keys(limits).map((name, n) => [name, present(ids[n], 'the control of a limit')]);
  return { keys, controls: Object.fromEntries(named) as Controls };
}

async function compare(at: Installation, controls: Controls, seen: Seen[], seconds: number): Promise<Findings> {
  const bill = at.stub.bill();
  const rates = await ratesOf(at.admin, mixed_models);
  const billed = bill.lines.reduce((sum, line) => sum + nanoOf(line, present(rates.get(line.model), 'its rates')), 0n);
  const records = await sumOfRecords(at.sql);
  const balances = await balancesOf(at.sql);
  const posted = (name: keyof Controls) => balances.get(controls[name])?.sum ?? 0n;
  const empty = await emptyRuns(at.sql);
  const statements: [string, bigint, bigint][] = [
    ['input tokens of the records', records.input, BigInt(bill.input_tokens)],
    ['output tokens of the records', records.output, BigInt(bill.output_tokens)],
    ['cost of the records', records.nano, billed],
    ['input tokens of the balance', posted('input'), BigInt(bill.input_tokens)],
    ['output tokens of the balance', posted('output'), BigInt(bill.output_tokens)],
    ['tokens of the balance', posted('total'), BigInt(bill.input_tokens + bill.output_tokens)],
    ['cost of the tenant', posted('cost'), billed],
    ['cost of all keys', posted('cost_by_key'), billed],
    ['cost of all projects', posted('cost_by_project'), billed],
    ['requests of the balance', posted('requests'), BigInt(bill.requests)],
    ['records', BigInt(records.count), BigInt(bill.requests)],
  ];
  return {
    figures: {
      calls: seen.length,
      seconds: Number(seconds.toFixed(1)),
      calls_per_second: Math.round(seen.length / seconds),
      call_ms_p50: Math.round(
        quantile(
          seen.map(({ ms }) => ms),
          0.5,
        ) ?? 0,
      ),
      call_ms_p99: Math.round(
        quantile(
          seen.map(({ ms }) => ms),
          0.99,
        ) ?? 0,
      ),
      answered: countBy(seen, ({ status }) => String(status)),
      wires: countBy(seen, ({ call }) => call.wire),
      bill: {
        requests: bill.requests,
        input_tokens: bill.input_tokens,
        output_tokens: bill.output_tokens,
        usd: usdOfNano(billed),
      },
      books: {
        records: records.count,
        input_tokens: String(records.input),
        output_tokens: String(records.output),
        usd: usdOfNano(records.nano),
      },
      keys: balances.get(controls.cost_by_key)?.subjects ?? 0,
      projects: balances.get(controls.cost_by_project)?.subjects ?? 0,
    },
    broken: [
      ...statements.flatMap(([what, ours, theirs]) =>
        ours === theirs ? [] : [`${what}: ${ours}, the provider's bill says ${theirs}`],
      ),
      ...seen.flatMap(({ call, status, ended }) =>
        ended === 'whole' && status === (call.directive.error ?? 200) ? [] : [`${call.label}: ${status} ${ended}`],
      ),
      ...(await recount(at.sql)),
      ...empty.map((id) => `${id} has no step`),
    ],
  };
}

interface Sums {
  count: number;
  input: bigint;
  output: bigint;
  nano: bigint;
}

async function sumOfRecords(sql: Sql): Promise<Sums> {
  const [row] = await sql<{ count: number; input: string; output: string; nano: string }>(
    `select count(*)::int as count, coalesce(sum(input_tokens), 0)::text as input, coalesce(sum(output_tokens), 0)::text as output,
        coalesce(sum(cost_usd) * 1e9, 0)::numeric(30, 0)::text as nano from llm_run_records`,
  );
  const { count, input, output, nano } = present(row, 'the sums of the records');
  return { count, input: BigInt(input), output: BigInt(output), nano: BigInt(nano) };
}

async function balancesOf(sql: Sql): Promise<Map<string, { sum: bigint; subjects: number }>> {
  const rows = await sql<{ control_id: string; sum: string; subjects: number }>(
    'select control_id, sum(posted)::text as sum, count(distinct subject)::int as subjects from balances group by 1',
  );
  return new Map(rows.map(({ control_id, sum, subjects }) => [control_id, { sum: BigInt(sum), subjects }]));
}

function countBy(all: readonly Seen[], name: (seen: Seen) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const seen of all) counts[name(seen)] = (counts[name(seen)] ?? 0) + 1;
  return counts;
}

/** `tsx tools/campaigns/books.ts [--calls 20000] [--in-flight 64] [--seed 1]` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '20000' },
      'in-flight': { type: 'string', default: '64' },
      seed: { type: 'string', default: '1' },
    },
  });
  const size = { calls: Number(values.calls), in_flight: Number(values['in-flight']), seed: Number(values.seed) };
  const { figures, broken } = await booksAgainstBill(size);
  printFigures('books against the bill', figures);
  finish(broken);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
