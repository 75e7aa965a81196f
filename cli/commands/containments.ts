import type { Item } from '@aos/sdk/contract.ts';
import { ago, oneLine } from '../frame/format.ts';
import { rowLimit, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Column } from '../frame/table.ts';
import type { Noun } from './define.ts';

type Containment = Item<'listContainments'>;

export const containments: Noun = {
  name: 'containments',
  register: (program, act) => {
    const command = program
      .command('containments')
      .description('what is stopped until somebody releases it: agents, keys, people, the whole tenant');
    command
      .command('list', { isDefault: true })
      .description('what is contained now, newest first')
      .option('--all', 'also what was released')
      .option('--limit <rows>', 'maximum rows', rowLimit, 50)
      .action(act('Cannot list containments', list));
    command
      .command('release <containment>')
      .description('let its calls pass again')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot release it', release));
  },
};

async function list(session: Session, { all, limit }: { all?: boolean; limit: number }): Promise<void> {
  const in_force = all ? undefined : true;
  const page = await session.aos.call('listContainments', { query: { in_force, limit } });
  const first = page.items.find((of) => of.released_at === null);
  await showList(session, page, {
    what: all ? 'containments' : 'containments in force',
    columns: columnsAt(session.terminal.now()),
    empty: 'npx aos agents contain my-agent --reason "…"',
    next: first && `npx aos containments release ${first.id} --reason "…"`,
  });
}

const nouns: Record<Containment['kind'], string> = {
  run: 'run',
  agent: 'agent',
  actor: 'human',
  api_key: 'key',
  tenant: 'tenant',
};

const columnsAt = (now_ms: number): Column<Containment>[] => [
  { title: 'containment', value: (of) => of.id },
  { title: 'what', value: (of) => nouns[of.kind] },
  { title: 'name', value: (of) => oneLine(of.name), flexible: true },
  { title: 'state', value: (of) => (of.released_at === null ? 'contained' : 'released') },
  { title: 'because', value: (of) => oneLine(of.reason), flexible: true },
  { title: 'since', value: (of) => ago(of.ordered_at, now_ms), align: 'right' },
];

async function release(session: Session, id: string, options: { reason?: string }): Promise<void> {
  const body = { reason: await session.reason(options.reason) };
  const released = await session.aos.call('release', { params: { id }, body });
  session.show({
    data: released,
    text: () =>
      `${session.style.green(session.style.mark.tick)} ${nouns[released.kind]} ${oneLine(released.name)} is released: its calls pass again\n`,
    next: 'npx aos containments list',
  });
}
