import { setTimeout as sleep } from 'node:timers/promises';
import type { Item } from '@aos/sdk/contract.ts';
import { amount, instant, money, oneLine } from '../frame/format.ts';
import { howMany, left_out, rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Column } from '../frame/table.ts';
import type { Noun } from './define.ts';

type LlmRun = Item<'listLlmRunRecords'>;
type Entry = Item<'listLedgerEntries'>;
type SystemRecord = Item<'listSystemRecords'>;

interface ListOptions {
  run?: string[];
  limit: number;
}

export const logs: Noun = {
  name: 'logs',
  register: (program, act) => {
    const command = program.command('logs').description('the raw truth: records and the ledger');
    command
      .command('audit', { isDefault: true })
      .description('the audit ledger: who did what to which object')
      .option('--event <event>', `POLICY_ACTIVATED, or how it begins: POLICY_*; ${left_out}`, several)
      .option('--run <run>', `about this run; ${left_out}`, several)
      .option('--limit <rows>', 'at most so many', rowLimit, 30)
      .action(act('Cannot read the ledger', audit));
    command
      .command('llm-runs')
      .description('one record for each call of a model')
      .option('--run <run>', `of this run; ${left_out}`, several)
      .option('--synthetic', 'also those of demos and scenarios')
      .option('--limit <rows>', 'at most so many', rowLimit, 30)
      .action(act('Cannot read the records', llmRuns));
    command
      .command('system')
      .description('what happened to the system itself')
      .option('--limit <rows>', 'at most so many', rowLimit, 30)
      .action(act('Cannot read the system records', systemRecords));
    command
      .command('tail')
      .description('records of calls as they are written, until interrupted')
      .option('--synthetic', 'also those of demos and scenarios')
      .option('--count <n>', 'stop after so many', howMany)
      .action(act('Cannot follow the records', tail));
  },
};

async function audit(session: Session, { event, run, limit }: ListOptions & { event?: string[] }): Promise<void> {
  const page = await session.aos.call('listLedgerEntries', { query: { event, run, limit } });
  const first = page.items[0];
  showList(session, page, {
    what: 'entries',
    columns: entry_columns,
    empty: 'npx aos whoami',
    next: first && `npx aos open ${first.object_id}`,
  });
}

const entry_columns: Column<Entry>[] = [
  { title: 'at', value: (of) => instant(of.occurred_at) },
  { title: 'event', value: (of) => of.event },
  { title: 'object', value: (of) => of.object_id },
  { title: 'by', value: (of) => of.actor_id, flexible: true },
  { title: 'reason', value: (of) => of.reason ?? '', flexible: true },
];

async function llmRuns(
  session: Session,
  { run, limit, synthetic }: ListOptions & { synthetic?: boolean },
): Promise<void> {
  const { project } = session.options;
  const page = await session.aos.call('listLlmRunRecords', {
    query: {
      run,
      limit,
      project: project === undefined ? undefined : [project],
      is_synthetic: synthetic ? 'all' : undefined,
    },
  });
  const first = page.items[0];
  showList(session, page, {
    what: 'records',
    columns: record_columns,
    empty: 'npx aos run --agent my-agent "Say hello"',
    next: first && `npx aos runs show ${first.run_id}`,
  });
}

const record_columns: Column<LlmRun>[] = [
  { title: 'at', value: (of) => instant(of.settled_at) },
  { title: 'run', value: (of) => of.run_id },
  { title: 'agent', value: (of) => of.agent_slug ?? '–', flexible: true },
  { title: 'model', value: (of) => `${of.provider}/${of.model}`, flexible: true },
  { title: 'status', value: (of) => of.execution_status },
  { title: 'in', value: (of) => amount(of.input_tokens), align: 'right' },
  { title: 'out', value: (of) => amount(of.output_tokens), align: 'right' },
  { title: 'cost', value: (of) => money(of.cost_usd), align: 'right' },
];

async function systemRecords(session: Session, { limit }: { limit: number }): Promise<void> {
  const page = await session.aos.call('listSystemRecords', { query: { limit } });
  showList(session, page, {
    what: 'system records',
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
