import type { Item } from '@aos/sdk/contract.ts';
import { CommandError } from '../frame/exit-codes.ts';
import { ago, oneLine } from '../frame/format.ts';
import { rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import { type Column, factsOf } from '../frame/table.ts';
import type { Noun } from './define.ts';

type Agent = Item<'listAgents'>;

interface CreateOptions {
  name?: string;
  model?: string;
  models?: string[];
  skills?: string[];
}

export const agents: Noun = {
  name: 'agents',
  register: (program, act) => {
    const command = program.command('agents').description('the software that calls');
    command
      .command('list', { isDefault: true })
      .description('agents, newest first')
      .option('--limit <rows>', 'at most so many', rowLimit, 50)
      .action(act('Cannot list agents', list));
    command.command('show <agent>').description('one agent, by id or slug').action(act('Cannot show the agent', show));
    command
      .command('create <slug>')
      .description('register an agent')
      .option('--name <name>', 'what people call it')
      .option('--model <model>', 'what it asks when nothing else is said')
      .option('--models <models>', 'what its runs may ask; absent: all', several)
      .option('--skills <skills>', 'what its runs may do; absent: what is safe for all', several)
      .action(act('Cannot register the agent', create));
    command
      .command('contain <agent>')
      .description('stop all its calls until it is released')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot contain the agent', contain));
    command
      .command('release <agent>')
      .description('let its calls pass again')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot release the agent', release));
  },
};

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const page = await session.aos.call('listAgents', { query: { limit, project: session.options.project } });
  const first = page.items[0];
  showList(session, page, {
    what: 'agents',
    columns: columnsAt(session.terminal.now()),
    empty: 'npx aos agents create my-agent',
    next: first && `npx aos agents show ${first.slug}`,
  });
}

const columnsAt = (now_ms: number): Column<Agent>[] => [
  { title: 'agent', value: (of) => of.slug },
  { title: 'id', value: (of) => of.id },
  { title: 'name', value: (of) => of.name, flexible: true },
  { title: 'model', value: (of) => of.default_model ?? '–' },
  {
    title: 'since',
    value: (of) => `${ago(of.created_at, now_ms)}${of.auto_registered ? ' (by a call)' : ''}`,
    align: 'right',
  },
];

async function show(session: Session, named: string): Promise<void> {
  const of = await session.aos.call('getAgent', { params: { id: named } });
  const stop = await containmentOf(session, of.id);
  session.show({
    data: { ...of, containment: stop ?? null },
    text: () =>
      factsOf([
        ['agent', of.slug],
        ['id', of.id],
        ['name', oneLine(of.name)],
        ['model', of.default_model],
        ['may ask', of.models?.join(', ') ?? 'every model'],
        ['may do', of.skills?.join(', ') ?? 'what is safe for all'],
        ['contained', stop ? `since ${stop.ordered_at}: ${oneLine(stop.reason)}` : null],
        ['page', of.url],
      ]),
    next: stop ? `npx aos agents release ${of.slug} --reason "…"` : `npx aos runs list --agent ${of.slug}`,
  });
}

async function create(session: Session, slug: string, { name, model, models, skills }: CreateOptions): Promise<void> {
  const made = await session.aos.call('createAgent', {
    body: { slug, name, default_model: model, models, skills, project_id: session.options.project },
  });
  session.show({
    data: made,
    text: () => `${session.style.green(session.style.mark.tick)} ${made.slug}  ${made.id}\n`,
    next: `npx aos run --agent ${made.slug} "Say hello" --follow`,
  });
}

async function contain(session: Session, named: string, options: { reason?: string }): Promise<void> {
  const reason = await session.reason(options.reason);
  const receipt = await session.aos.call('contain', { body: { kind: 'agent', id: named, reason } });
  session.show({
    data: receipt,
    text: () => `${session.style.green(session.style.mark.tick)} ${named} is contained: ${oneLine(receipt.message)}\n`,
    next: `npx aos agents release ${named} --reason "…"`,
  });
}

async function release(session: Session, named: string, options: { reason?: string }): Promise<void> {
  const { id } = await session.aos.call('getAgent', { params: { id: named } });
  const stop = await containmentOf(session, id);
  if (!stop)
    throw new CommandError(
      'conflict',
      `${named} is not contained`,
      'nothing stops its calls',
      `npx aos agents show ${named}`,
    );
  const body = { reason: await session.reason(options.reason) };
  const released = await session.aos.call('release', { params: { id: stop.id }, body });
  session.show({
    data: released,
    text: () => `${session.style.green(session.style.mark.tick)} the calls of ${named} pass again\n`,
    next: `npx aos agents show ${named}`,
  });
}

async function containmentOf(session: Session, agent_id: string) {
  for await (const stop of session.aos.each('listContainments', { query: { in_force: true, limit: 200 } }))
    if (stop.kind === 'agent' && stop.subject_id === agent_id) return stop;
  return undefined;
}
