import type { Item } from '@aos/sdk/contract.ts';
import type { Command } from 'commander';
import { amount, money } from '../frame/format.ts';
import { showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Column } from '../frame/table.ts';
import type { Act } from './define.ts';

type Target = Item<'listTargets'>;

export function registerTargets(command: Command, act: Act): void {
  command
    .command('targets <kind>')
    .description('whom a policy may name, with runs and cost of seven days: agent, project, api_key, actor')
    .option('--search <text>', 'in the id or the name')
    .action(act('Cannot list whom a policy may name', list));
}

async function list(session: Session, kind: string, { search }: { search?: string }): Promise<void> {
  const page = await session.aos.call('listTargets', { query: { kind: kind as 'agent', q: search } });
  const near = page.unknown[0]?.nearest;
  showList(session, page, {
    what: `${kind}s`,
    columns,
    empty: near ? `npx aos policy targets ${kind} --search ${near}` : `npx aos policy targets ${kind}`,
  });
}

const columns: Column<Target>[] = [
  { title: 'id', value: (of) => of.value },
  { title: 'name', value: (of) => of.name, flexible: true },
  { title: 'runs, 7 days', value: (of) => (of.runs === null ? 'too many' : amount(of.runs)), align: 'right' },
  { title: 'cost, 7 days', value: costOf, align: 'right' },
];

function costOf({ runs, cost_usd, has_unpriced }: Target): string {
  if (runs === null) return '';
  if (has_unpriced && Number(cost_usd) === 0) return 'price unknown';
  return `${money(cost_usd)}${has_unpriced ? ' + unpriced' : ''}`;
}
