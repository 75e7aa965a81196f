import type { Answer, Item } from '@aos/sdk/contract.ts';
import { instant, oneLine, percent, quantity } from '../frame/format.ts';
import { rowLimit, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import { type Column, factsOf, tableOf } from '../frame/table.ts';
import type { Noun } from './define.ts';

type Limit = Item<'listLimits'>;

export const limits: Noun = {
  name: 'limits',
  register: (program, act) => {
    const command = program.command('limits').description('how much room is left');
    command
      .command('list', { isDefault: true })
      .description('the limits of policies with their present state')
      .option('--limit <rows>', 'maximum rows', rowLimit, 50)
      .action(act('Cannot list limits', list));
    command
      .command('show <control>')
      .description('one limit, each of its subjects')
      .action(act('Cannot show the limit', show));
    command
      .command('topup <control>')
      .description('raise a limit for a time')
      .option('--by <amount>', "what is added, in the limit's own unit")
      .option('--factor <times>', 'what it is multiplied by, above 1')
      .option('--hours <hours>', 'how many hours, at most 168', '24')
      .option('--subject <subject>', 'only this balance')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot raise the limit', topup));
  },
};

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const page = await session.aos.call('listLimits', { query: { limit } });
  const first = page.items[0];
  await showList(session, page, {
    what: 'limits',
    columns,
    empty: 'npx aos policy apply policies/ --reason "first limits"',
    next: first && `npx aos limits show ${first.id}`,
  });
}

const used = (of: Pick<Limit, 'posted' | 'pending'>): number => Number(of.posted ?? 0) + Number(of.pending ?? 0);
const used_of = (of: Limit): string => {
  const fullest = [...of.items].sort((a, b) => used(b) - used(a))[0];
  const gauge = of.count_per === 'together' ? of : fullest;
  return gauge
    ? `${quantity(used(gauge), of.unit)} of ${quantity(gauge.cap, of.unit)} (${percent(used(gauge), Number(gauge.cap))})`
    : `0 of ${quantity(of.cap, of.unit)}`;
};

const columns: Column<Limit>[] = [
  { title: 'limit', value: (of) => of.id },
  { title: 'policy', value: (of) => of.policy_name, flexible: true },
  { title: 'type', value: (of) => of.type },
  { title: 'per', value: (of) => of.count_per },
  { title: 'used', value: used_of, align: 'right' },
  { title: 'then', value: (of) => (of.enforced ? of.action : `${of.action} (not enforced)`) },
  { title: 'resets', value: (of) => (of.resets_at === null ? '–' : instant(of.resets_at)) },
];

/** As many as one page can hold; the fullest come first. */
const most_subjects = 200;

async function show(session: Session, id: string): Promise<void> {
  const limit = await session.aos.call('getLimitState', { params: { id }, query: { limit: most_subjects } });
  session.show({
    data: limit,
    text: () =>
      factsOf([
        ['limit', limit.id],
        ['policy', `${oneLine(limit.policy_name)} (${limit.policy_id})`],
        ['type', `${limit.title}, counted ${limit.count_per}`],
        ['used', used_of(limit)],
        ['then', limit.enforced ? limit.action : `${limit.action}, not enforced`],
        ['resets', limit.resets_at && instant(limit.resets_at)],
        ['empty at', limit.empties_at && instant(limit.empties_at)],
        ['page', limit.url],
      ]) + subjectsOf(session, limit),
    next: `npx aos limits topup ${limit.id} --by … --reason "…"`,
  });
}

function subjectsOf({ terminal }: Session, limit: Answer<'getLimitState'>): string {
  if (limit.count_per === 'together' || limit.items.length === 0) return '';
  const of_items: Column<Limit['items'][number]>[] = [
    { title: 'subject', value: (of) => of.subject },
    { title: 'used', value: (of) => quantity(used(of), of.unit), align: 'right' },
    { title: 'of', value: (of) => quantity(of.cap, of.unit), align: 'right' },
    { title: 'full', value: (of) => percent(used(of), Number(of.cap)), align: 'right' },
  ];
  const more = limit.next_cursor === null ? '' : `There are more: these are ${limit.items.length} of them.\n`;
  return `\n${tableOf(limit.items, of_items, terminal.columns)}${more}`;
}

interface TopUp {
  by?: string;
  factor?: string;
  hours: string;
  subject?: string;
  reason?: string;
}

async function topup(session: Session, id: string, options: TopUp): Promise<void> {
  const { policy_id } = await session.aos.call('getLimitState', { params: { id } });
  const made = await session.aos.call('createOverride', {
    params: { id: policy_id },
    body: {
      control_id: id,
      subject: options.subject,
      amount: options.by,
      factor: options.factor,
      hours: Number(options.hours),
      reason: await session.reason(options.reason),
    },
  });
  session.show({
    data: made,
    text: () => `${session.style.green(session.style.mark.tick)} ${oneLine(made.sentence)}\n`,
    next: `npx aos limits show ${id}`,
  });
}
