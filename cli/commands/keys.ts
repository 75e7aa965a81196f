import type { Answer, Item } from '@aos/sdk/contract.ts';
import { contain, containedNow, release } from '../frame/contain.ts';
import { ago, boundText } from '../frame/format.ts';
import { rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Column } from '../frame/table.ts';
import type { Noun } from './define.ts';

type Key = Item<'listApiKeys'>;

interface CreateOptions {
  role?: string;
  agent?: string[];
  actor?: string[];
  wholeTenant?: boolean;
}

export const keys: Noun = {
  name: 'keys',
  register: (program, act) => {
    const command = program.command('keys').description('the credentials of programs and people');
    command
      .command('list', { isDefault: true })
      .description('keys, without their secrets')
      .option('--search <text>', 'in the id, the name or the hint')
      .option('--state <state>', 'live, expired, revoked', several)
      .option('--role <role>', 'a role, as for create', several)
      .option('--limit <rows>', 'maximum rows', rowLimit, 50)
      .action(act('Cannot list keys', list));
    command
      .command('create <name>')
      .description('make a key; it is shown only once')
      .option('--role <role>', 'service (default), viewer, auditor, operator, approver, policy_author, admin, owner')
      .option('--agent <agent>', 'may call as these agents only', several)
      .option('--actor <actor>', 'may call on behalf of these humans only', several)
      .option('--whole-tenant', 'a key of the whole tenant, not of one project')
      .action(act('Cannot make the key', create));
    command
      .command('rotate <key>')
      .description('replace its secret; policies and counters stay')
      .option('--overlap <seconds>', 'how long both secrets work', '0')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot rotate the key', rotate));
    command
      .command('bind <key>')
      .description('set which agents and people it may call as; none: any')
      .option('--agent <agent>', 'id or slug, may be repeated', several)
      .option('--actor <actor>', 'id or slug, may be repeated', several)
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot bind the key', bind));
    command
      .command('contain <key>')
      .description('stop all its calls until it is released')
      .option('--reason <text>', 'why, for the ledger')
      .action(
        act('Cannot contain the key', (session, id: string, options) => contain(session, stopped(id, id), options)),
      );
    command
      .command('release <key>')
      .description('let its calls pass again')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot release the key', letGo));
    command
      .command('revoke <key>')
      .description('end it at once and for good')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot revoke the key', revoke));
  },
};

const stopped = (id: string, named: string) => ({ kind: 'api_key', noun: 'keys', id, named }) as const;

/** What is contained is the lineage of a key: it outlives rotations. */
async function letGo(session: Session, named: string, options: { reason?: string }): Promise<void> {
  const { lineage_id } = await session.aos.call('getApiKey', { params: { id: named } });
  await release(session, stopped(lineage_id, named), options);
}

interface ListOptions {
  search?: string;
  state?: string[];
  role?: string[];
  limit: number;
}

async function list(session: Session, { search: q, ...asked }: ListOptions): Promise<void> {
  const query = { ...asked, q, project: session.options.project };
  const page = await session.aos.call('listApiKeys', { query: query as never });
  const contained = await containedNow(session, 'api_key');
  await showList(session, page, {
    what: 'keys',
    columns: columnsAt(session.terminal.now(), contained),
    empty: 'npx aos keys create my-app',
    next: 'npx aos keys create my-app',
  });
}

const ageOf = ({ revoked_at, expires_at }: Key, now_ms: number): string =>
  revoked_at ? 'revoked' : expires_at && Date.parse(expires_at) <= now_ms ? 'expired' : 'live';

const columnsAt = (now_ms: number, contained: ReadonlyMap<string, unknown>): Column<Key>[] => [
  { title: 'key', value: (of) => of.id },
  { title: 'name', value: (of) => of.name, flexible: true },
  { title: 'role', value: (of) => of.role },
  { title: 'hint', value: (of) => of.hint },
  { title: 'bound to', value: (of) => [...of.agent_ids, ...of.actor_ids].join(' ') || '–', flexible: true },
  {
    title: 'state',
    value: (of) => (contained.has(of.lineage_id) && !of.revoked_at ? 'contained' : ageOf(of, now_ms)),
  },
  { title: 'bound by', value: (of) => boundText(of.policies), flexible: true },
  { title: 'used', value: (of) => ago(of.last_used_at, now_ms), align: 'right' },
  { title: 'from', value: (of) => of.last_used_ip ?? '–' },
];

async function create(session: Session, name: string, options: CreateOptions): Promise<void> {
  const made = await session.aos.call('createApiKey', {
    body: {
      name,
      role: options.role as never,
      agent_ids: options.agent,
      actor_ids: options.actor,
      project_id: options.wholeTenant ? null : session.options.project,
    },
  });
  tellSecret(session, made, 'give it to your program, as OPENAI_API_KEY or, for the SDKs, AOS_API_KEY');
}

async function rotate(session: Session, id: string, options: { overlap: string; reason?: string }): Promise<void> {
  const body = { overlap_seconds: Number(options.overlap), reason: await session.reason(options.reason) };
  tellSecret(
    session,
    await session.aos.call('rotateApiKey', { params: { id }, body }),
    'give the new secret to its users',
  );
}

async function bind(
  session: Session,
  id: string,
  { agent = [], actor = [], ...options }: { agent?: string[]; actor?: string[]; reason?: string },
): Promise<void> {
  const body = { agent_ids: agent, actor_ids: actor, reason: await session.reason(options.reason) };
  const bound = await session.aos.call('bindApiKey', { params: { id }, body });
  const whom = [...agent, ...actor].join(', ') || 'anybody';
  session.show({
    data: bound,
    text: () => `${session.style.green(session.style.mark.tick)} ${id} may call as ${whom}\n`,
    next: 'npx aos keys list',
  });
}

/** The secret alone on stdout, so that it can be piped into a store of secrets. */
function tellSecret(session: Session, made: Answer<'createApiKey'>, next: string): void {
  const { tick } = session.style.mark;
  if (!session.options.json && !session.options.jsonl)
    session.note(`${session.style.green(tick)} ${made.id} (${made.role}); its secret is shown this once:`);
  session.show({ data: made, text: () => `${made.secret}\n`, next });
}

async function revoke(session: Session, id: string, options: { reason?: string }): Promise<void> {
  const body = { reason: await session.reason(options.reason) };
  const revoked = await session.aos.call('revokeApiKey', { params: { id }, body });
  const { tick } = session.style.mark;
  session.show({
    data: revoked,
    text: () => `${session.style.green(tick)} ${id} opens nothing any more\n`,
    next: 'npx aos keys list',
  });
}
