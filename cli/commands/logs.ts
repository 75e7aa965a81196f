import { setTimeout as sleep } from 'node:timers/promises';
import type { Item } from '@aos/sdk/contract.ts';
import { amount, instant, money, oneLine } from '../frame/format.ts';
import { howMany, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import { type Column, factsOf, tableOf } from '../frame/table.ts';
import type { Noun } from './define.ts';
import { type Log, type LogOptions, narrowedBy, queryOf } from './log-filters.ts';

type LlmRun = Item<'listLlmRunRecords'>;
type Entry = Item<'listLedgerEntries'>;
type SystemRecord = Item<'listSystemRecords'>;

export const logs: Noun = {
  name: 'logs',
  register: (program, act) => {
    const command = program.command('logs').description('the raw truth: records and the ledger');
    narrowedBy(command.command('audit', { isDefault: true }), 'audit')
      .description('the audit ledger: who did what to which object')
      .action(act('Cannot read the ledger', audit));
    narrowedBy(command.command('llm-runs'), 'llm_runs')
      .description('one record for each call of a model')
      .option('--synthetic', 'also those of demos and scenarios')
      .action(act('Cannot read the records', llmRuns));
    command
      .command('show <record>')
      .description('one record, with the parts of its cost')
      .action(act('Cannot read the record', showRecord));
    narrowedBy(command.command('system'), 'system')
      .description('what happened to the system itself')
      .action(act('Cannot read the system records', systemRecords));
    command
      .command('tail')
      .description('records of calls as they are written, until interrupted')
      .option('--synthetic', 'also those of demos and scenarios')
      .option('--count <n>', 'stop after this many', howMany)
      .action(act('Cannot follow the records', tail));
  },
};

async function audit(session: Session, options: LogOptions): Promise<void> {
  const page = await session.aos.call('listLedgerEntries', { query: queryOf('audit', options) as never });
  const first = page.items[0];
  await showList(session, page, {
    what: `entries${between(options)}`,
    besides: oldestOf(session, 'audit'),
    columns: entry_columns,
    empty: 'npx aos whoami',
    next: first && `npx aos open ${first.object_id}`,
  });
}

/** ` between 2026-11-21 and now`, as it was asked. */
const between = ({ from, to }: LogOptions): string =>
  from === undefined ? (to === undefined ? '' : ` before ${to}`) : ` between ${from} and ${to ?? 'now'}`;

/** From when the oldest record of a log is. */
const oldestOf = (session: Session, log: Log) => async (): Promise<string> => {
  const at = (await session.aos.call('getOldestRecords'))[log];
  return at === null ? ' None is kept.' : ` Oldest record kept: ${instant(at)}.`;
};

const entry_columns: Column<Entry>[] = [
  { title: 'at', value: (of) => instant(of.occurred_at) },
  { title: 'event', value: (of) => of.event },
  { title: 'object', value: (of) => of.object_id },
  { title: 'by', value: (of) => of.actor_name ?? of.actor_id, flexible: true },
  { title: 'reason', value: (of) => of.reason ?? '', flexible: true },
];

async function llmRuns(session: Session, options: LogOptions): Promise<void> {
  const { synthetic } = options;
  const { project } = session.options;
  const query = { ...queryOf('llm_runs', options), project: project === undefined ? undefined : [project] };
  const ask = (is_synthetic: 'all' | 'true' | undefined) =>
    session.aos.call('listLlmRunRecords', { query: { ...query, is_synthetic } as never });
  const page = await ask(synthetic ? 'all' : undefined);
  const first = page.items[0];
  await showList(session, page, {
    what: `records${between(options)}`,
    besides: oldestOf(session, 'llm_runs'),
    columns: record_columns,
    empty: 'npx aos run --agent my-agent "Say hello"',
    next: first && `npx aos runs show ${first.run_id}`,
    synthetic: synthetic ? undefined : () => ask('true'),
  });
}

const record_columns: Column<LlmRun>[] = [
  { title: 'at', value: (of) => instant(of.settled_at) },
  { title: 'run', value: (of) => of.run_id },
  { title: 'agent', value: (of) => of.agent_slug ?? '–', flexible: true },
  { title: 'model', value: (of) => `${of.provider}/${of.model}`, flexible: true },
  { title: 'status', value: (of) => of.execution_status },
  { title: 'source', value: (of) => of.source },
  { title: 'in', value: (of) => amount(of.input_tokens), align: 'right' },
  { title: 'out', value: (of) => amount(of.output_tokens), align: 'right' },
  { title: 'cost', value: (of) => money(of.cost_usd), align: 'right' },
];

async function showRecord(session: Session, id: string): Promise<void> {
  const record = await session.aos.call('getLlmRunRecord', { params: { id } });
  const { charges } = record;
  session.show({
    data: record,
    text: () =>
      factsOf([
        ['record', record.id],
        ['run', record.run_id],
        ['agent', record.agent_slug],
        ['model', `${record.provider}/${record.model}`],
        ['status', record.execution_status],
        ['settled', instant(record.settled_at)],
        ['tokens', `${amount(record.input_tokens)} in, ${amount(record.output_tokens)} out, by ${record.usage_source}`],
        ['price', record.price_version],
        ['cost', record.cost_usd === null ? money(null) : `$${record.cost_usd}`],
        ['prompt hash', record.prompt_hash],
        ['response hash', record.response_hash],
        ['page', record.url],
      ]) + (charges?.length ? `\n${tableOf(charges, charge_columns, session.terminal.columns)}` : ''),
    next: `npx aos runs show ${record.run_id}`,
  });
}

const charge_columns: Column<NonNullable<LlmRun['charges']>[number]>[] = [
  { title: 'charged for', value: (of) => of.kind },
  { title: 'quantity', value: (of) => amount(of.quantity), align: 'right' },
  { title: 'price', value: (of) => `$${of.price_usd}`, align: 'right' },
  { title: 'for', value: (of) => (of.per === 1 ? 'each' : 'a million') },
];

async function systemRecords(session: Session, options: LogOptions): Promise<void> {
  const page = await session.aos.call('listSystemRecords', { query: queryOf('system', options) as never });
  await showList(session, page, {
    what: `system records${between(options)}`,
    besides: oldestOf(session, 'system'),
    columns: system_columns,
    empty: 'npx aos doctor',
    next: 'npx aos doctor',
  });
}

const system_columns: Column<SystemRecord>[] = [
  { title: 'at', value: (of) => instant(of.occurred_at) },
  { title: 'component', value: (of) => of.component },
  { title: 'event', value: (of) => of.event_type },
  { title: 'severity', value: (of) => of.severity },
  { title: 'summary', value: (of) => of.summary, flexible: true },
  { title: 'cause', value: (of) => of.caused_by },
  { title: 'correlation', value: (of) => of.correlation_id ?? '–' },
];

const poll_ms = 500;

/** The records since the last look, oldest first, again and again. */
async function tail(session: Session, { synthetic, count }: { synthetic?: boolean; count?: number }): Promise<void> {
  const query = { limit: 200, is_synthetic: synthetic ? ('all' as const) : undefined };
  const stop_after = count ?? Number.POSITIVE_INFINITY;
  const seen = new Set((await session.aos.call('listLlmRunRecords', { query })).items.map(({ id }) => id));
  session.note(session.style.dim('waiting for calls; Ctrl-C stops'));
  for (let told = 0; told < stop_after; ) {
    const { items } = await session.aos.call('listLlmRunRecords', { query });
    for (const record of [...items].reverse()) {
      if (seen.has(record.id) || told >= stop_after) continue;
      seen.add(record.id);
      told++;
      session.line(record, () => record_columns.map(({ value }) => oneLine(value(record))).join('  '));
    }
    if (told < stop_after) await sleep(poll_ms);
  }
}
