import { escalationText } from '@aos/core/activity/escalation-text.ts';
import type { Answer } from '@aos/sdk/contract.ts';
import { ago, instant } from '../frame/format.ts';
import { left_out, rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Column } from '../frame/table.ts';
import type { Noun } from './define.ts';
import { escalating } from './escalating.ts';

type Signal = Answer<'getSignal'>;

interface ListOptions {
  status: string[];
  type?: string[];
  agent?: string[];
  synthetic?: boolean;
  limit: number;
}

export const signals: Noun = {
  name: 'signals',
  register: (program, act) => {
    const command = program.command('signals').description('what deserves a look before it becomes an incident');
    command
      .command('list', { isDefault: true })
      .description('signals, newest first')
      .option('--status <status>', 'open, acknowledged, suppressed, resolved', several, ['open'])
      .option('--type <type>', 'for example LIKELY_LOOP', several)
      .option('--agent <agent>', `of this agent; ${left_out}`, several)
      .option('--synthetic', 'also those of demos and scenarios')
      .option('--limit <rows>', 'maximum rows', rowLimit, 20)
      .action(act('Cannot list signals', list));
    command
      .command('ack <signal>')
      .description('acknowledge it: it reopens only if it gets worse')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot acknowledge the signal', acknowledge));
    command
      .command('suppress <signal>')
      .description('silence it for a time')
      .requiredOption('--hours <hours>', 'for how long, 0.25 to 720: then it is open again', Number)
      .option('--escalates <n/h>', 'reopen earlier if it is found more often than this, or gets worse: ">50/1h"')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot suppress the signal', suppress));
  },
};

async function list(session: Session, options: ListOptions): Promise<void> {
  const { status, type, agent, limit, synthetic } = options;
  const { project } = session.options;
  const query = { ...{ status, type, agent, limit }, project: project === undefined ? undefined : [project] };
  const ask = (is_synthetic: 'all' | 'true' | undefined) =>
    session.aos.call('listSignals', { query: { ...query, is_synthetic } as never });
  const page = await ask(synthetic ? 'all' : undefined);
  const [first] = page.items;
  await showList(session, page, {
    what: 'signals',
    columns: columnsAt(session.terminal.now()),
    empty: 'npx aos incidents list',
    next: first && `npx aos signals ack ${first.id}`,
    synthetic: synthetic ? undefined : () => ask('true'),
  });
}

const columnsAt = (now_ms: number): Column<Signal>[] => [
  { title: 'signal', value: (of) => of.id },
  { title: 'type', value: (of) => of.type },
  { title: 'severity', value: (of) => of.severity },
  { title: 'status', value: (of) => of.status },
  { title: 'what', value: (of) => of.text, flexible: true },
  { title: 'last', value: (of) => ago(of.last_seen_at, now_ms), align: 'right' },
];

async function acknowledge(session: Session, id: string, { reason }: { reason?: string }): Promise<void> {
  const signal = await session.aos.call('acknowledgeSignal', { params: { id }, body: { reason } });
  told(session, signal, `${id} is acknowledged`);
}

async function suppress(
  session: Session,
  id: string,
  options: { hours: number; escalates?: string; reason?: string },
): Promise<void> {
  const escalates = escalating(options.escalates);
  const body = { hours: options.hours, escalates, reason: await session.reason(options.reason) };
  const signal = await session.aos.call('suppressSignal', { params: { id }, body });
  told(
    session,
    signal,
    `${id} is suppressed until ${instant(signal.suppressed_until ?? '')}${escalates ? ` or ${escalationText(escalates)}` : ''}`,
  );
}

function told({ show, style }: Session, data: Signal, text: string): void {
  show({ data, text: () => `${style.green(style.mark.tick)} ${text}\n`, next: 'npx aos signals' });
}
