import { escalationText } from '@aos/core/activity/escalation-text.ts';
import { type IncidentCause, incident_causes } from '@aos/core/incidents/incident.ts';
import type { Answer, Body } from '@aos/sdk/contract.ts';
import { ago, instant, oneLine, said } from '../frame/format.ts';
import { left_out, rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import { type Column, factsOf, tableOf } from '../frame/table.ts';
import type { Noun } from './define.ts';
import { escalating } from './escalating.ts';

type Incident = Answer<'getIncident'>;

interface ListOptions {
  status?: string[];
  severity?: string[];
  category?: string[];
  agent?: string[];
  synthetic?: boolean;
  limit: number;
}

export const incidents: Noun = {
  name: 'incidents',
  register: (program, act) => {
    const command = program.command('incidents').description('what went wrong');
    command
      .command('list', { isDefault: true })
      .description('incidents, newest first')
      .option('--status <status>', 'open, acknowledged, resolved', several)
      .option('--severity <severity>', 'LOW, MEDIUM, HIGH, CRITICAL', several)
      .option('--category <category>', 'for example BUDGET_EXCEEDED', several)
      .option('--agent <agent>', `of this agent; ${left_out}`, several)
      .option('--synthetic', 'also those of demos and scenarios')
      .option('--limit <rows>', 'maximum rows', rowLimit, 20)
      .action(act('Cannot list incidents', list));
    command
      .command('show <incident>')
      .description('one incident with its violations')
      .action(act('Cannot show the incident', show));
    command
      .command('open <run>')
      .description('open one by hand: what a person saw in a run')
      .requiredOption('--title <text>', 'what happened, in a line')
      .requiredOption('--category <category>', 'for example SAFETY_VIOLATION')
      .option('--severity <severity>', 'LOW, MEDIUM, HIGH, CRITICAL', 'MEDIUM')
      .option('--policy <policy>', 'the policy that it is about')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot open an incident', open));
    command
      .command('ack <incident>')
      .description('acknowledge it: it leaves the queue for a while')
      .option('--hours <hours>', 'hours until it reopens', Number, 4)
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot acknowledge the incident', acknowledge));
    command
      .command('snooze <incident>')
      .description('leave it alone until a time, or until it escalates')
      .option('--hours <hours>', 'hours until it reopens', Number, 24)
      .option('--escalates <n/h>', 'reopen earlier above this many violations in this many hours: ">50/1h"')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot snooze the incident', snooze));
    command
      .command('resolve <incident>')
      .description('close it and say what caused it')
      .requiredOption('--cause <cause>', incident_causes.join(', '))
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot resolve the incident', resolve));
    command
      .command('reopen <incident>')
      .description('put it back into the queue')
      .option('--reason <text>', 'why, for the ledger')
      .action(act('Cannot reopen the incident', reopen));
  },
};

async function list(session: Session, options: ListOptions): Promise<void> {
  const { status, severity, category, agent, limit, synthetic } = options;
  const { project } = session.options;
  const query = {
    ...{ status, severity, category, agent, limit },
    project: project === undefined ? undefined : [project],
  };
  const ask = (is_synthetic: 'all' | 'true' | undefined) =>
    session.aos.call('listIncidents', { query: { ...query, is_synthetic } as never });
  const page = await ask(synthetic ? 'all' : undefined);
  const items = page.items as Incident[];
  await showList(
    session,
    { ...page, items },
    {
      what: 'incidents',
      columns: columnsAt(session.terminal.now()),
      empty: 'npx aos runs list',
      next: items[0] && `npx aos incidents show ${items[0].id}`,
      synthetic: synthetic ? undefined : () => ask('true'),
    },
  );
}

const columnsAt = (now_ms: number): Column<Incident>[] => [
  { title: 'incident', value: (of) => of.id },
  { title: 'severity', value: (of) => of.severity },
  { title: 'status', value: (of) => of.status },
  { title: 'agent', value: (of) => of.agent_slug ?? '–', flexible: true },
  { title: 'what', value: (of) => said(of.title), flexible: true },
  { title: 'times', value: (of) => String(of.occurrences), align: 'right' },
  { title: 'last', value: (of) => ago(of.last_occurred_at, now_ms), align: 'right' },
];

async function show(session: Session, id: string): Promise<void> {
  const of = await session.aos.call('getIncident', { params: { id } });
  const columns: Column<Incident['violations'][number]>[] = [
    { title: 'violation', value: (one) => one.id },
    { title: 'control', value: (one) => one.control_type },
    { title: 'action', value: (one) => one.action },
    { title: 'used', value: (one) => (one.used === null ? '–' : `${one.used} of ${one.limit_value}`), align: 'right' },
    { title: 'at', value: (one) => instant(one.occurred_at) },
  ];
  session.show({
    data: of,
    text: () =>
      factsOf([
        ['incident', of.id],
        ['what', said(oneLine(of.title))],
        ['category', `${of.category}, ${of.severity}`],
        ['status', of.status],
        [
          'policy',
          of.policy_name === null ? of.violation_policy_id : `${oneLine(of.policy_name)} (${of.violation_policy_id})`,
        ],
        ['run', of.source_run_id],
        ['agent', of.agent_slug],
        ['actor', of.actor_slug],
        ['opened', instant(of.opened_at)],
        ['times', String(of.occurrences)],
        ['page', of.url],
      ]) + (of.violations.length === 0 ? '' : `\n${tableOf(of.violations, columns, session.terminal.columns)}`),
    next:
      of.decision_id === null
        ? `npx aos runs show ${of.source_run_id}`
        : `npx aos policy explain --decision ${of.decision_id}`,
  });
}

async function open(
  session: Session,
  run_id: string,
  options: { title: string; category: string; severity: string; policy?: string; reason?: string },
): Promise<void> {
  const { title, category, severity, policy } = options;
  const body = { run_id, title, category, severity, policy_id: policy, reason: await session.reason(options.reason) };
  const incident = await session.aos.call('openIncident', { body: body as Body<'openIncident'> });
  told(session, incident, `${incident.id} is open`, `npx aos incidents show ${incident.id}`);
}

async function acknowledge(session: Session, id: string, options: { hours: number; reason?: string }): Promise<void> {
  const { hours, reason } = options;
  const incident = await session.aos.call('acknowledgeIncident', { params: { id }, body: { hours, reason } });
  const next = `npx aos incidents resolve ${id} --cause … --reason "…"`;
  told(session, incident, `${id} is acknowledged for ${hours} h`, next);
}

async function snooze(
  session: Session,
  id: string,
  options: { hours: number; escalates?: string; reason?: string },
): Promise<void> {
  const { hours, reason } = options;
  const escalates = escalating(options.escalates);
  const incident = await session.aos.call('acknowledgeIncident', {
    params: { id },
    body: { hours, escalates, reason },
  });
  const before = escalates ? `, or until ${escalationText(escalates)}` : '';
  told(session, incident, `${id} is snoozed for ${hours} h${before}`, `npx aos incidents reopen ${id}`);
}

async function resolve(session: Session, id: string, options: { cause: string; reason?: string }): Promise<void> {
  const body = { cause: options.cause as IncidentCause, reason: await session.reason(options.reason) };
  const incident = await session.aos.call('resolveIncident', { params: { id }, body });
  told(session, incident, `${id} is resolved: ${body.cause}`, 'npx aos incidents --status open');
}

async function reopen(session: Session, id: string, options: { reason?: string }): Promise<void> {
  const body = { reason: await session.reason(options.reason) };
  const incident = await session.aos.call('reopenIncident', { params: { id }, body });
  told(session, incident, `${id} is open again`, `npx aos incidents show ${id}`);
}

function told({ show, style }: Session, data: unknown, text: string, next: string): void {
  show({ data, text: () => `${style.green(style.mark.tick)} ${text}\n`, next });
}
