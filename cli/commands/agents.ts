import type { Item } from '@aos/sdk/contract.ts';
import { contain, containmentOf, release } from '../frame/contain.ts';
import { ago, boundText, oneLine } from '../frame/format.ts';
import { rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import { type Column, factsOf } from '../frame/table.ts';
import type { Noun } from './define.ts';

type Agent = Item<'listAgents'>;

interface CreateOptions {
  name?: string;
  owner?: string;
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
      .option('--search <text>', 'in the id or a name')
      .option('--limit <rows>', 'maximum rows', rowLimit, 50)
      .action(act('Cannot list agents', list));
    command.command('show <agent>').description('one agent, by id or slug').action(act('Cannot show the agent', show));
    command
      .command('create <slug>')
      .description('register an agent')
      .option('--name <name>', 'what people call it')
      .option('--owner <owner>', 'who is responsible for it: a person or a team')
      .option('--model <model>', 'its default model')
      .option('--models <models>', 'models its runs may use; absent: all', several)
      .option('--skills <skills>', 'what its runs may do; absent: what is safe for all', several)
      .action(act('Cannot register the agent', create));
    command
      .command('contain <agent>')
      .description('stop all its calls until it is released')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot contain the agent', stop));
    command
      .command('release <agent>')
      .description('let its calls pass again')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot release the agent', letGo));
  },
};

async function list(session: Session, { limit, search: q }: { limit: number; search?: string }): Promise<void> {
  const page = await session.aos.call('listAgents', { query: { limit, q, project: session.options.project } });
  const first = page.items[0];
  await showList(session, page, {
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
  { title: 'owner', value: (of) => of.owner ?? '–' },
  { title: 'keys', value: (of) => boundText(of.keys), flexible: true },
  { title: 'bound by', value: (of) => boundText(of.policies), flexible: true },
  { title: 'model', value: (of) => of.default_model ?? '–' },
  {
    title: 'since',
    value: (of) => `${ago(of.created_at, now_ms)}${of.auto_registered ? ' (by a call)' : ''}`,
    align: 'right',
  },
];

async function show(session: Session, named: string): Promise<void> {
  const of = await session.aos.call('getAgent', { params: { id: named } });
  const contained = await containmentOf(session, { kind: 'agent', id: of.id });
  session.show({
    data: { ...of, containment: contained ?? null },
    text: () =>
      factsOf([
        ['agent', of.slug],
        ['id', of.id],
        ['name', oneLine(of.name)],
        ['owner', of.owner && oneLine(of.owner)],
        ['model', of.default_model],
        ['may ask', of.models?.join(', ') ?? 'every model'],
        ['may do', of.skills?.join(', ') ?? 'what is safe for all'],
        ['bound keys', of.keys.total === 0 ? 'none: any key that is not bound' : boundText(of.keys)],
        ['bound by', boundText(of.policies)],
        ['contained', contained ? `since ${contained.ordered_at}: ${oneLine(contained.reason)}` : null],
        ['page', of.url],
      ]),
    next: contained ? `npx aos agents release ${of.slug} --reason "…"` : `npx aos runs list --agent ${of.slug}`,
  });
}

async function create(session: Session, slug: string, options: CreateOptions): Promise<void> {
  const { name, owner, model, models, skills } = options;
  const made = await session.aos.call('createAgent', {
    body: { slug, name, owner, default_model: model, models, skills, project_id: session.options.project },
  });
  session.show({
    data: made,
    text: () => `${session.style.green(session.style.mark.tick)} ${made.slug}  ${made.id}\n`,
    next: `npx aos run --agent ${made.slug} "Say hello" --follow`,
  });
}

/** An agent is stopped by its slug as well as by its id. */
const stopped = (id: string, named: string) => ({ kind: 'agent', noun: 'agents', id, named }) as const;

const stop = (session: Session, named: string, options: { reason?: string }) =>
  contain(session, stopped(named, named), options);

async function letGo(session: Session, named: string, options: { reason?: string }): Promise<void> {
  const { id } = await session.aos.call('getAgent', { params: { id: named } });
  await release(session, stopped(id, named), options);
}
