import { slugOf } from '@aos/core/policies/file.ts';
import type { Item } from '@aos/sdk/contract.ts';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { CommandError } from '../frame/exit-codes.ts';
import { ago, oneLine } from '../frame/format.ts';
import { rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import { type Column, factsOf } from '../frame/table.ts';
import type { Act, Noun } from './define.ts';
import { registerExplain } from './policy-explain.ts';
import { registerFiles } from './policy-files.ts';
import { registerJudge } from './policy-judge.ts';
import { registerNew } from './policy-new.ts';
import { registerPreview } from './policy-preview.ts';
import { registerTargets } from './policy-targets.ts';

type Policy = Item<'listPolicies'>;

export const policy: Noun = {
  name: 'policy',
  register: (program, act) => {
    const command = program.command('policy').alias('policies').description('how runs are controlled');
    command
      .command('list', { isDefault: true })
      .description('policies, newest first')
      .option('--status <status>', 'draft, active, disabled, retired', several)
      .option('--action <action>', 'with a control that does it: continue, warn, pause, block, kill', several)
      .option('--control <type>', 'with a limit or rule of this type, as cost_usd or model_access', several)
      .option('--owner <owner>', 'whose they are', several)
      .option('--source <source>', 'manual, file, learned', several)
      .option('--unfired <days>', 'in force, but no control has fired for this many days')
      .option('--overshadowed <days>', 'in force, but for this many days another policy always decided')
      .option('--limit <rows>', 'maximum rows', rowLimit, 50)
      .action(act('Cannot list policies', list));
    command
      .command('show <policy>')
      .description('one policy, by id or name')
      .action(act('Cannot show the policy', show));
    registerNew(command, act);
    registerFiles(command, act);
    registerExplain(command, act);
    const idOf = async (session: Session, named: string) => (await policyNamed(session, named)).id;
    registerPreview(command, act, idOf);
    registerJudge(command, act, idOf);
    registerTargets(command, act);
    registerStates(command, act);
    command
      .command('export [policy]')
      .description('policies as YAML documents, for files')
      .action(act('Cannot export policies', exportYaml));
  },
};

interface ListOptions {
  status?: string[];
  action?: string[];
  control?: string[];
  owner?: string[];
  source?: string[];
  unfired?: string;
  overshadowed?: string;
  limit: number;
}

async function list(session: Session, { unfired, overshadowed, ...query }: ListOptions): Promise<void> {
  const asked = {
    ...query,
    ...(unfired !== undefined && { unfired_days: unfired }),
    ...(overshadowed !== undefined && { overshadowed_days: overshadowed }),
  };
  const page = await session.aos.call('listPolicies', { query: asked as never });
  const first = page.items[0];
  await showList(session, page, {
    what: 'policies',
    columns: columnsAt(session.terminal.now()),
    empty: 'npx aos policy apply policies/ --reason "first policies"',
    next: first && `npx aos policy show ${first.id}`,
  });
}

const columnsAt = (now_ms: number): Column<Policy>[] => [
  { title: 'policy', value: (of) => of.id },
  { title: 'name', value: (of) => of.name, flexible: true },
  { title: 'status', value: (of) => statusOf(of, now_ms) },
  { title: 'v', value: (of) => String(of.version), align: 'right' },
  { title: 'says', value: (of) => of.sentence, flexible: true },
  { title: 'changed', value: (of) => ago(of.updated_at, now_ms), align: 'right' },
];

/** As it decides now: one that is active and starts later decides nothing yet. */
function statusOf({ status, mode, start_at }: Policy, now_ms: number): string {
  const is_scheduled = status === 'active' && start_at && Date.parse(start_at) > now_ms;
  const word = is_scheduled ? `scheduled ${start_at}` : status;
  return mode === 'shadow' ? `${word} (shadow)` : word;
}

async function show(session: Session, named: string): Promise<void> {
  const found = await policyNamed(session, named);
  session.show({
    data: found,
    text: () =>
      factsOf([
        ['policy', found.id],
        ['name', oneLine(found.name)],
        ['status', `${found.status}${found.status === 'active' ? ` (${found.mode})` : ''}, version ${found.version}`],
        ['says', oneLine(found.sentence)],
        ['owner', found.owner ?? null],
        ['starts', found.start_at ?? null],
        [
          'changed',
          `${found.updated_at} by ${found.updated_by_name ?? found.updated_by}${found.updated_because === null ? '' : `: ${oneLine(found.updated_because)}`}`,
        ],
        [
          'file',
          found.managed_by
            ? `${found.managed_by.origin ?? 'applied'}${found.managed_by.drifted ? ', changed by hand since' : ''}`
            : null,
        ],
        ['waits', waitsFor(found)],
        ['page', found.url],
      ]) + `\n${stringify({ target: found.target, controls: found.controls })}`,
    next: found.status === 'active' ? 'npx aos limits list' : `npx aos policy activate ${found.id} --reason "…"`,
  });
  for (const warning of found.warnings)
    session.note(session.style.yellow(`${session.style.mark.warning} ${oneLine(warning)}`));
}

/** What keeps its authors from putting it in force; null: nothing. */
function waitsFor({ second_person: of }: Policy): string | null {
  if (of === null) return null;
  const authors = of.written_by.map(({ id, name }) => oneLine(name ?? id)).join(', ');
  const where = of.projects.length > 0 ? ` (${of.projects.join(', ')})` : '';
  return `for a second person to enforce it: ${authors} wrote it${where}`;
}

/** By id, else by the name it is recognised by in files; a retired one only when no other has the name. */
async function policyNamed(session: Session, named: string): Promise<Policy> {
  if (/^pol_/.test(named)) return session.aos.call('getPolicy', { params: { id: named } });
  const slug = slugOf(named);
  const names: string[] = [];
  let retired: Policy | null = null;
  for await (const one of session.aos.each('listPolicies', { query: { limit: 200 } })) {
    if (slugOf(one.name) === slug && one.status !== 'retired') return one;
    if (slugOf(one.name) === slug) retired ??= one;
    names.push(one.name);
  }
  if (retired) return retired;
  throw new CommandError(
    'usage',
    `There is no policy "${named}"`,
    names.length === 0 ? 'there are none yet' : `there are: ${names.slice(0, 8).map(slugOf).join(', ')}`,
    'npx aos policy list',
  );
}

const states = [
  { verb: 'activate', name: 'activatePolicy', does: 'put it in force: no later call is admitted without it' },
  { verb: 'disable', name: 'disablePolicy', does: 'take it out of force' },
  { verb: 'retire', name: 'retirePolicy', does: 'take it out of force for good' },
] as const;

function registerStates(command: Command, act: Act): void {
  for (const { verb, name, does } of states) {
    const of = command.command(`${verb} <policy>`).description(does).option('--reason <text>', 'why, for the ledger');
    if (verb === 'activate') of.option('--mode <mode>', 'enforce, or shadow: recorded only');
    of.action(
      act(`Cannot ${verb} the policy`, async (session, named: string, options: { reason?: string; mode?: string }) => {
        const { id } = await policyNamed(session, named);
        const reason = await session.reason(options.reason);
        const body = { reason, ...(options.mode !== undefined && { mode: options.mode as 'enforce' }) };
        const changed = await session.aos.call(name, { params: { id }, body });
        const { style } = session;
        session.show({
          data: changed,
          text: () =>
            `${style.green(style.mark.tick)} ${oneLine(changed.name)} v${changed.version} ${changed.status}${changed.status === 'active' ? ` (${changed.mode})` : ''}\n` +
            changed.warnings.map((warning) => `${style.yellow(style.mark.warning)} ${oneLine(warning)}\n`).join(''),
          next: `npx aos policy show ${id}`,
        });
      }),
    );
  }
}

async function exportYaml(session: Session, named: string | undefined): Promise<void> {
  const found: Policy[] = [];
  if (named !== undefined) found.push(await policyNamed(session, named));
  else
    for await (const one of session.aos.each('listPolicies', { query: { limit: 200 } }))
      if (one.status !== 'retired') found.push(one);
  session.show({
    data: found.map(documentOf),
    text: () => found.map((one) => `---\n${stringify(documentOf(one), { lineWidth: 100 })}`).join(''),
    next: 'npx aos policy diff <file>',
  });
}

/** What a file says: the document and its state, without what the server adds. */
function documentOf(policy: Policy): object {
  const { name, description, owner, tags, status, mode, target, controls, error_detail, start_at, expires_at } = policy;
  const about = { name, description, owner, tags, status, mode, target };
  const kept = { ...about, controls: controls.map(withoutId), error_detail, start_at, expires_at };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => !isEmpty(value)));
}

const withoutId = ({ id: _, ...control }: Policy['controls'][number]): object =>
  Object.fromEntries(Object.entries(control).filter(([, value]) => !isEmpty(value)));

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);
