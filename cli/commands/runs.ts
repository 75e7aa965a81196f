import type { Answer, Item } from '@aos/sdk/contract.ts';
import type { Command } from 'commander';
import { ago, amount, duration, money, oneLine, said } from '../frame/format.ts';
import { left_out, rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import { type Column, factsOf, tableOf } from '../frame/table.ts';
import type { Act, Noun } from './define.ts';
import { followRun } from './follow.ts';
import { stepName } from './step-name.ts';

type Run = Item<'listRuns'>;

interface ListOptions extends Partial<Record<keyof typeof narrowing, string[]>> {
  live?: boolean;
  completed?: boolean;
  search?: string;
  from?: string;
  to?: string;
  synthetic?: boolean;
  limit: number;
}

export const runs: Noun = {
  name: 'runs',
  register: (program, act) => {
    const command = program.command('runs').description('what runs and what ran: list, show, tail, and stopping it');
    const listing = command
      .command('list', { isDefault: true })
      .description('runs, newest first')
      .option('--live', 'only those that have not ended')
      .option('--completed', 'only those that have ended')
      .option(
        '--search <text>',
        'in the goal, the name of the agent or actor, why it ended; a session; or how the id begins',
      );
    for (const [name, { does, value = name }] of Object.entries<Narrowing>(narrowing))
      listing.option(`--${name} <${value}>`, does, several);
    listing
      .option('--from <instant>', 'begun at or after it: 2026-01-31, 2026-01-31T12:00:00Z')
      .option('--to <instant>', 'begun before it')
      .option('--synthetic', 'also those of demos and scenarios')
      .option('--limit <rows>', 'maximum rows', rowLimit, 20)
      .action(act('Cannot list runs', list));
    command.command('show <run>').description('one run with its steps').action(act('Cannot show the run', show));
    command
      .command('tail <run>')
      .description('follow a run to its end')
      .action(act('Cannot follow the run', (session, id: string) => followRun(session, id)));
    for (const verb of verbs) registerVerb(command, act, verb);
  },
};

interface Narrowing {
  does: string;
  /** What stands for its value in the help. */
  value?: string;
}

/** What the list can be narrowed by, each several times. */
const narrowing = {
  agent: { does: `of this agent; ${left_out}` },
  actor: { does: 'of this human or service' },
  key: { does: 'by this API key' },
  session: { does: 'of this session' },
  model: { does: 'with a call of this model' },
  provider: { does: 'with a call at this provider' },
  source: { does: 'gateway, managed, external, reported' },
  status: { does: 'queued, running, retry, succeeded, failed, failed_policy, cancelled' },
  reason: { does: 'why it ended: POLICY_BLOCK, BUDGET_EXCEEDED, TIMEOUT, …' },
  policy: { does: 'that violated this policy in force, by its id or name' },
  hold: { does: 'what holds it: none, paused, stopping' },
  risk: { does: 'with an incident of this severity: LOW, MEDIUM, HIGH, CRITICAL' },
  cost: { does: "compared in USD: '>0.5', '<=2'; unknown: with calls whose model has no price", value: 'comparison' },
  elapsed: { does: "from start to end: '>30s', '<2m'", value: 'comparison' },
} satisfies Record<string, Narrowing>;

async function list(session: Session, options: ListOptions): Promise<void> {
  const { search, key, from, to, limit } = options;
  const narrowed = Object.fromEntries(Object.keys(narrowing).map((name) => [name, options[name as 'agent']]));
  const query = {
    ...narrowed,
    ...{ key: undefined, api_key: key, q: search, from, to, limit },
    project: session.options.project === undefined ? undefined : [session.options.project],
  };
  const name = options.live ? 'listLiveRuns' : options.completed ? 'listCompletedRuns' : 'listRuns';
  const ask = (is_synthetic: 'all' | 'true' | undefined) =>
    session.aos.call(name, { query: { ...query, is_synthetic } as never });
  const page = await ask(options.synthetic ? 'all' : undefined);
  const first = page.items[0];
  await showList(session, page, {
    what: 'runs',
    columns: columnsAt(session.terminal.now()),
    empty: 'npx aos run --agent my-agent "Say hello" --follow',
    next: first && `npx aos runs show ${first.id}`,
    synthetic: options.synthetic ? undefined : () => ask('true'),
  });
}

const columnsAt = (now_ms: number): Column<Run>[] => [
  { title: 'run', value: (run) => run.id },
  { title: 'agent', value: (run) => run.agent_slug ?? '–', flexible: true },
  { title: 'actor', value: (run) => run.actor_slug ?? '–', flexible: true },
  { title: 'status', value: statusOf },
  { title: 'why', value: (run) => (run.termination_reason === 'COMPLETED' ? '' : (run.termination_reason ?? '')) },
  { title: 'calls', value: (run) => amount(run.calls), align: 'right' },
  { title: 'tokens', value: (run) => amount(run.input_tokens + run.output_tokens), align: 'right' },
  { title: 'cost', value: costOf, align: 'right' },
  { title: 'begun', value: (run) => ago(run.created_at, now_ms), align: 'right' },
];

/** A run that was killed counts as cancelled or as stopped by policy; people are told that it was killed. */
function statusOf({
  hold,
  status,
  is_killed,
  ended_at,
}: Pick<Run, 'hold' | 'status' | 'is_killed' | 'ended_at'>): string {
  if (is_killed && ended_at !== null) return 'killed';
  return hold === 'none' ? status : `${status} (${hold})`;
}

/** What is known of it: at least so much where a call has no price, and never $0. */
function costOf({ estimated_cost_usd, unpriced_calls }: Pick<Run, 'estimated_cost_usd' | 'unpriced_calls'>): string {
  if (unpriced_calls === 0) return money(estimated_cost_usd);
  return Number(estimated_cost_usd) === 0 ? money(null) : `≥ ${money(estimated_cost_usd)}`;
}

async function show(session: Session, id: string): Promise<void> {
  const [run, steps] = await Promise.all([session.aos.call('getRun', { params: { id } }), stepsOf(session, id)]);
  const { terminal } = session;
  const took_ms = Date.parse(run.ended_at ?? run.last_activity_at) - Date.parse(run.started_at ?? run.created_at);
  session.show({
    data: { ...run, steps },
    text: () =>
      factsOf([
        ['run', run.id],
        ['goal', run.goal === null ? null : oneLine(run.goal)],
        ['status', `${statusOf(run)}${run.termination_reason ? ` (${run.termination_reason})` : ''}`],
        ['paused', run.pause && pausedBy(run.pause)],
        ['killed', run.kill && killedBy(run.kill)],
        ['agent', run.agent_slug],
        ['actor', run.actor_slug],
        ['project', run.project_slug],
        ['policy', run.violation_policy_id ?? run.policy_context],
        ['cost', `${costOf(run)} · ${amount(run.totals.input_tokens)} in, ${amount(run.totals.output_tokens)} out`],
        ['calls', `${run.totals.calls} (${run.totals.refused_calls} refused)`],
        ['time', duration(Math.max(0, took_ms))],
        ['incidents', run.incident_ids.join(' ') || null],
        ['page', run.url],
      ]) + (steps.length === 0 ? '' : `\n${tableOf(steps, step_columns, terminal.columns)}`),
    next: run.incident_ids[0] ? `npx aos incidents show ${run.incident_ids[0]}` : `npx aos open ${run.id}`,
  });
}

/** All of them: a run may have thousands. */
async function stepsOf(session: Session, id: string): Promise<Item<'listSteps'>[]> {
  const steps: Item<'listSteps'>[] = [];
  for await (const step of session.aos.each('listSteps', { params: { id }, query: { limit: 200 } })) steps.push(step);
  return steps;
}

const pausedBy = ({ by, at, reason, until }: NonNullable<Answer<'getRun'>['pause']>): string =>
  `${whose(by)} at ${at}${until === null ? '' : `, until ${until} at most`}: ${said(oneLine(reason))}`;

const killedBy = ({ by, at, reason }: NonNullable<Answer<'getRun'>['kill']>): string =>
  `${whose(by)} at ${at}: ${said(oneLine(reason))}`;

const whose = ({ kind, id, name }: NonNullable<Answer<'getRun'>['pause']>['by']): string =>
  `by ${kind === 'policy' ? `policy ${name ?? id}` : (name ?? 'somebody outside of this project')}`;

const step_columns: Column<Item<'listSteps'>>[] = [
  { title: 'step', value: (step) => step.id },
  { title: 'kind', value: (step) => step.kind },
  { title: 'what', value: (step) => stepName(step), flexible: true },
  { title: 'status', value: (step) => step.status },
  { title: 'cost', value: (step) => (step.cost_usd === null ? '–' : money(step.cost_usd)), align: 'right' },
  { title: 'time', value: (step) => duration(step.duration_ms), align: 'right' },
  { title: 'decision', value: (step) => step.decision_id ?? 'none: reported' },
];

const verbs = [
  { verb: 'pause', name: 'pauseRun', does: 'let its calls wait until it is resumed', done: 'paused' },
  { verb: 'resume', name: 'resumeRun', does: 'let the calls of a paused run go on', done: 'resumed' },
  { verb: 'cancel', name: 'cancelRun', does: 'end it: nothing else begins', done: 'cancelled' },
  { verb: 'kill', name: 'killRun', does: 'end it at once, on every process, with a receipt', done: 'killed' },
  { verb: 'retry', name: 'retryRun', does: 'ask for its goal once more, as a new run', done: 'asked for once more' },
] as const;

function registerVerb(command: Command, act: Act, { verb, name, does, done }: (typeof verbs)[number]): void {
  command
    .command(`${verb} <run>`)
    .description(does)
    .option('--reason <text>', 'why, for the ledger')
    .action(
      act(`Cannot ${verb} the run`, async (session, id: string, options: { reason?: string }) => {
        const reason = await session.reason(options.reason);
        const answer = await session.aos.call(name, { params: { id }, body: { reason } });
        const { tick } = session.style.mark;
        session.show({
          data: answer,
          text: () => `${session.style.green(tick)} ${id} ${done}${'message' in answer ? `: ${answer.message}` : ''}\n`,
          next: name === 'retryRun' ? `npx aos runs tail ${answer.id}` : `npx aos runs show ${id}`,
        });
      }),
    );
}
