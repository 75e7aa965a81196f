import type { Item } from '@aos/sdk/contract.ts';
import { ago, oneLine } from '../frame/format.ts';
import { rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Column } from '../frame/table.ts';
import type { Noun } from './define.ts';

type Alert = Item<'listAlerts'>;

export const alerts: Noun = {
  name: 'alerts',
  register: (program, act) => {
    const command = program.command('alerts').description('what limits have reached');
    command
      .command('list', { isDefault: true })
      .description('alerts, newest first')
      .option('--status <status>', 'open, acknowledged …', several)
      .option('--synthetic', 'those of demos and scenarios')
      .option('--limit <rows>', 'at most so many', rowLimit, 20)
      .action(act('Cannot list alerts', list));
    command
      .command('ack <alert>')
      .description('say that somebody looks after it')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot acknowledge the alert', acknowledge));
  },
};

async function list(
  session: Session,
  { status, synthetic, limit }: { status?: string[]; synthetic?: boolean; limit: number },
): Promise<void> {
  const page = await session.aos.call('listAlerts', {
    query: { status: status as never, limit, ...(synthetic && { is_synthetic: 'true' }) },
  });
  const waiting = page.items.find((of) => of.requires_ack && of.acknowledged_at === null);
  await showList(session, page, {
    what: 'alerts',
    columns: columnsAt(session.terminal.now()),
    empty: 'npx aos limits',
    next: waiting ? `npx aos alerts ack ${waiting.id} --reason "…"` : 'npx aos limits',
  });
}

const columnsAt = (now_ms: number): Column<Alert>[] => [
  { title: 'alert', value: (of) => of.id },
  { title: 'status', value: (of) => of.status },
  { title: 'policy', value: (of) => of.policy_name, flexible: true },
  { title: 'tier', value: (of) => (of.tier === null ? of.kind : `${of.tier} %`), align: 'right' },
  { title: 'says', value: (of) => of.text, flexible: true },
  { title: 'fired', value: (of) => ago(of.fired_at, now_ms), align: 'right' },
];

async function acknowledge(session: Session, id: string, options: { reason?: string }): Promise<void> {
  const reason = await session.reason(options.reason);
  const alert = await session.aos.call('acknowledgeAlert', { params: { id }, body: { reason } });
  session.show({
    data: alert,
    text: () =>
      `${session.style.green(session.style.mark.tick)} ${id} is looked after: ${oneLine(alert.policy_name)}\n`,
    next: `npx aos limits show ${alert.control_id}`,
  });
}
