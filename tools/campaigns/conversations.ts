import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { nanoOfUsd } from '@aos/core/base/money.ts';
import { type Api, expectStatus, makePolicy, waitFor } from '../../e2e/parts/client.ts';
import { offerAll } from './parts/caller.ts';
import { callingKey, type Installation, openInstallation, setPrice } from './parts/installation.ts';
import { nanoOf, ratesOf } from './parts/priced-bill.ts';
import { answersByPrompt, evenly, type Recorded, readRecorded } from './parts/recorded.ts';
import { recount } from './parts/recount.ts';
import { type Findings, finish, printFigures } from './parts/report.ts';
import { type Tapped, tappedClient } from './parts/tapped-client.ts';

/**
 * Real questions and the answers that models gave to them, through the gateway with the official client, half of them
 * streamed: the answer must come through unchanged, and everything about the call must be on record.
 */
export async function conversations(recorded: readonly Recorded[]): Promise<Findings> {
  const at = await openInstallation({
    database: 'postgres',
    processes: 1,
    stub: { recorded: answersByPrompt(recorded) },
  });
  try {
    const key = await prepare(at, recorded);
    const begun_ms = performance.now();
    const server = present(at.servers[0], 'the process');
    const heard = await offerAll([...recorded.entries()], 16, ([n, of]) => converse(server, key, of, n % 2 === 1));
    const seconds = (performance.now() - begun_ms) / 1000;
    await waitFor(async () => (await at.sql('select from holds limit 1')).length === 0, {
      what: 'the end of all holds',
    });
    const broken = [...(await compare(at, heard)), ...(await recount(at.sql))];
    const bill = at.stub.bill();
    return {
      figures: {
        conversations: heard.length,
        streamed: heard.filter(({ streamed }) => streamed).length,
        answers_unchanged: heard.filter(({ answer, of }) => answer === of.answer).length,
        seconds: Number(seconds.toFixed(1)),
        models: [...new Set(recorded.map(({ model }) => model))].length,
        input_tokens: bill.input_tokens,
        output_tokens: bill.output_tokens,
        records: (await at.sql('select from llm_run_records')).length,
      },
      broken,
    };
  } finally {
    await at.stop();
  }
}

/** Prices for models that the packaged list does not have, a wide cap, and a control that fires for streamed calls. */
async function prepare({ admin }: Installation, recorded: readonly Recorded[]): Promise<string> {
  for (const model of new Set(recorded.map((of) => of.model))) {
    if (await hasPrice(admin, model)) continue;
    await setPrice(admin, 'openai', model, [
      { above_input_tokens: 0, rates: { input: '0.123457', output: '0.765433' } },
    ]);
  }
  const window = { per: 'day', timezone: 'UTC' };
  await makePolicy(admin, {
    name: 'All that is spent',
    target: { kind: 'all_runs' },
    controls: [{ limit: { type: 'cost_usd', max: '1000', window }, action: 'block' }],
  });
  await makePolicy(admin, {
    name: 'Tell of every streamed call',
    target: { kind: 'all_runs', when: { tag: ['streamed=yes'] } },
    controls: [{ limit: { type: 'requests', max: 0, window }, action: 'warn' }],
  });
  return (await callingKey(admin)).secret;
}

async function hasPrice(admin: Api, model: string): Promise<boolean> {
  const path = `/api/v1/prices?provider=openai&model=${model}`;
  return expectStatus(200, await admin.get<{ items: { in_force: boolean }[] }>(path)).items.some(
    (item) => item.in_force,
  );
}

interface Heard {
  of: Recorded;
  streamed: boolean;
  answer: string;
  /** Id of the answer: how the provider's bill knows it. */
  answer_id: string;
  tapped: Tapped;
  response_hash: string;
}

async function converse(server: { url: string }, key: string, of: Recorded, streamed: boolean): Promise<Heard> {
  const headers = {
    'x-aos-session-id': of.id,
    'x-aos-agent-id': 'reader',
    'x-aos-tags': `task=${of.task},streamed=${streamed ? 'yes' : 'no'}`,
  };
  const { client, tapped } = tappedClient(server, key, headers);
  const asked = { model: of.model, messages: of.messages };
  let answer = '';
  let answer_id = '';
  if (streamed) {
    for await (const event of await client.chat.completions.create({ ...asked, stream: true })) {
      answer += event.choices[0]?.delta.content ?? '';
      answer_id = event.id;
    }
  } else {
    const made = await client.chat.completions.create(asked);
    answer = made.choices[0]?.message.content ?? '';
    answer_id = made.id;
  }
  return { of, streamed, answer, answer_id, tapped: tapped(), response_hash: await tapped().response_hash };
}

interface Stored {
  prompt_hash: string;
  response_hash: string;
  run_id: string;
  decision_id: string;
  execution_status: string;
  usage_source: string;
  model: string;
  streamed: boolean;
  verdict: string;
  input_tokens: string;
  output_tokens: string;
  cost_usd: string;
  tags: Record<string, string>;
  lines: number;
  session: string;
  agent: string;
  run_status: string;
  step_status: string;
  snapshot: string | null;
  decisions: number;
  violations: number;
}

const stored_query = `select r.prompt_hash, r.response_hash, r.run_id, r.decision_id, r.execution_status, r.usage_source, r.model,
    r.streamed, r.verdict, r.input_tokens, r.output_tokens, r.cost_usd, r.tags, json_array_length(r.holds) as lines,
    s.external_id as session, a.slug as agent, runs.status as run_status,
    (select status from steps where steps.id = r.step_id and steps.decision_id = r.decision_id) as step_status,
    (select id from snapshots where snapshots.id = r.policy_snapshot_id and snapshots.id = runs.policy_snapshot_id) as snapshot,
    (select count(*)::int from decisions d where d.id = r.decision_id) as decisions,
    (select count(*)::int from violations v where v.decision_id = r.decision_id) as violations
  from llm_run_records r join runs on runs.id = r.run_id
    left join sessions s on s.id = r.session_id left join agents a on a.id = r.agent_id`;

/** Everything that is not as it was said, sent and received. */
async function compare({ sql, admin, stub }: Installation, heard: readonly Heard[]): Promise<string[]> {
  const rows = await sql<Stored>(stored_query);
  const lines = new Map(stub.bill().lines.map((line) => [line.id, line]));
  const models = [...new Set(heard.map(({ of }) => of.model))].map((model) => ({ provider: 'openai', model }));
  const rates = await ratesOf(admin, models);
  return heard.flatMap(({ of, streamed, answer, answer_id, tapped, response_hash }) => {
    if (answer !== of.answer) return [`${of.id}: the answer that came is not the recorded one`];
    const own = rows.filter((row) => row.prompt_hash === tapped.prompt_hash);
    const [row] = own;
    if (!row || own.length > 1) return [`${of.id}: ${own.length} records of its bytes`];
    const line = present(lines.get(answer_id), 'the line of the bill');
    const expected = {
      response_hash,
      run_id: tapped.run_id,
      decision_id: tapped.decision_id,
      execution_status: 'succeeded',
      usage_source: 'provider',
      model: of.model,
      streamed,
      verdict: streamed ? 'warn' : 'continue',
      input_tokens: String(line.input_tokens),
      output_tokens: String(line.output_tokens),
      lines: streamed ? 2 : 1,
      session: of.id,
      agent: 'reader',
      run_status: 'running',
      step_status: 'succeeded',
      // A plain allow is told by its record alone.
      decisions: streamed ? 1 : 0,
      violations: streamed ? 1 : 0,
    } satisfies Partial<Record<keyof Stored, unknown>>;
    const wrong = Object.entries(expected).flatMap(([name, value]) => {
      const found = row[name as keyof Stored];
      return found === value ? [] : [`${of.id}: ${name} is ${found}, not ${value}`];
    });
    if (row.snapshot === null) wrong.push(`${of.id}: its snapshot is not that of its run, or not there`);
    if (row.tags.task !== of.task) wrong.push(`${of.id}: its tags are ${JSON.stringify(row.tags)}`);
    const cost = nanoOf(line, present(rates.get(of.model), 'its rates'));
    if (nanoOfUsd(row.cost_usd) !== cost)
      wrong.push(`${of.id}: costs ${row.cost_usd}, by the bill ${cost} nano-dollars`);
    return wrong;
  });
}

/** `tsx tools/campaigns/conversations.ts --data FOLDER_OR_FILE [--count 500]` */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { data: { type: 'string' }, count: { type: 'string', default: '500' } } });
  if (values.data === undefined)
    throw new Error('--data must name a folder with ragtruth_*.jsonl.gz, or one such file');
  const { recorded, sources } = await readRecorded(values.data);
  const { figures, broken } = await conversations(evenly(recorded, Number(values.count)));
  printFigures('recorded conversations', { ...figures, sources });
  finish(broken);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
