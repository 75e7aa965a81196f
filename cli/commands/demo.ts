import { type Total, totalText } from '@aos/core/base/total.ts';
import { AOS } from '@aos/sdk/client.ts';
import type { Answer } from '@aos/sdk/contract.ts';
import { AOSError } from '@aos/sdk/errors.ts';
import { duration, money, said } from '../frame/format.ts';
import { howMany } from '../frame/listing.ts';
import { progressOf } from '../frame/progress.ts';
import type { Session } from '../frame/session.ts';
import { factsOf } from '../frame/table.ts';
import type { Noun } from './define.ts';
import { keepRunning } from './demo-live.ts';

interface DemoOptions {
  runs: string;
  days: string;
  live?: boolean;
  count?: number;
  remove?: boolean;
  reason?: string;
}

export const demo: Noun = {
  name: 'demo',
  register: (program, act) => {
    program
      .command('demo')
      .description('make the project demo: days of history, and calls that are made now')
      .option('--runs <n>', 'runs of history', '300')
      .option('--days <n>', 'days of history', '7')
      .option('--live', 'keep its agents calling until interrupted; uses the demo if there is one')
      .option('--count <n>', 'with --live: stop after this many calls', howMany)
      .option('--remove', 'remove the demo')
      .option('--reason <text>', 'with --remove: why, for the ledger', 'the demo is over')
      .action(
        act('Cannot load the demo', (session, options: DemoOptions) =>
          options.remove ? remove(session, options) : options.live ? live(session, options) : load(session, options),
        ),
      );
  },
};

/** On the demo that is there, else on one that is made first. */
async function live(session: Session, options: DemoOptions): Promise<number> {
  const { items } = await session.aos.call('listProjects', { query: { limit: 200 } });
  if (!items.some(({ slug }) => slug === 'demo')) await load(session, options, null);
  return keepRunning(session, options.count);
}

async function load(
  session: Session,
  { runs, days }: DemoOptions,
  next: string | null = 'npx aos run --agent support-bot "Refund order 1182" --follow',
): Promise<void> {
  const begun_ms = session.terminal.now();
  session.note(`seeding ${days} days, ${runs} runs …`);
  const made = await session.aos.call('loadDemo', { body: { runs: Number(runs), days: Number(days) } });
  const live = await makeLive(session, made.live);
  const counts = await countedIn(session);
  const took = duration(session.terminal.now() - begun_ms);
  session.show({
    data: { ...made, live, counts },
    text: () => textOf(session, made, counts, live, took),
    ...(next !== null && { next }),
  });
}

interface Live {
  calls: number;
  refused: number;
  /** Calls that wait for a person. */
  paused: number;
}

/** The newest part of the demo is not said but done: calls through the gateway, in the name of its agents. */
async function makeLive(session: Session, { api_key, calls }: Answer<'loadDemo'>['live']): Promise<Live> {
  const aos = new AOS({ base_url: session.settings.url, api_key: api_key.secret, max_retries: 0 });
  const progress = progressOf(session, 'calling');
  const live: Live = { calls: 0, refused: 0, paused: 0 };
  const waiting = [...calls];
  const caller = async () => {
    for (let call = waiting.shift(); call; call = waiting.shift()) {
      await aos.send({ method: 'POST', path: '/v1/chat/completions', ...call }).catch((error: unknown) => {
        if (!(error instanceof AOSError)) throw error;
        if (error.type === 'policy_hold') live.paused++;
        else if (error.type === 'policy_violation') live.refused++;
        else throw error;
      });
      live.calls++;
      progress.at(live.calls, calls.length);
    }
  };
  await Promise.all([caller(), caller(), caller(), caller()]);
  progress.end();
  return live;
}

interface Counts {
  runs: Total;
  stopped: Total;
  incidents: Total;
  ledger: Total;
  incident: Answer<'getIncident'> | undefined;
}

/** What is there now, as the server counts it. */
async function countedIn({ aos }: Session): Promise<Counts> {
  const project = ['demo'];
  const [runs, stopped, incidents, ledger] = await Promise.all([
    aos.call('listRuns', { query: { project, limit: 1 } }),
    aos.call('listRuns', { query: { project, limit: 1, status: ['failed_policy', 'cancelled'] } }),
    aos.call('listIncidents', { query: { project, limit: 50 } }),
    aos.call('listLedgerEntries', { query: { limit: 1 } }),
  ]);
  const items = incidents.items as Answer<'getIncident'>[];
  const incident = items.find(({ policy_name }) => policy_name === 'Support bot daily cap') ?? items[0];
  return {
    runs: counted(runs),
    stopped: counted(stopped),
    incidents: counted(incidents),
    ledger: counted(ledger),
    incident,
  };
}

const counted = ({ total, total_at_least }: Total): Total => ({ total, total_at_least });

function textOf(
  { style, settings }: Session,
  made: Answer<'loadDemo'>,
  counts: Counts,
  live: Live,
  took: string,
): string {
  const { tick } = style.mark;
  const { incident } = counts;
  return [
    `${style.green(tick)} ${totalText(counts.runs)} runs  ${made.agents.length} agents  ${made.actors.length} people  ${made.policies.length} policies   ${took}`,
    `  ${totalText(counts.stopped)} runs were stopped, ${totalText(counts.incidents)} incidents opened, ${live.calls} calls made now (${live.refused} refused, ${live.paused} waiting for a person), ${money(made.history.cost_usd)} of history`,
    `  the ledger has ${totalText(counts.ledger)} entries; all of the demo is marked synthetic and shows in the project demo only`,
    '',
    'Look at:',
    factsOf([
      ['  live', `${settings.url}/activity/live?project=demo`],
      ['  incident', incident ? `${incident.url}   ${said(incident.title)}` : null],
      ['  policies', `${settings.url}/policies`],
    ]),
  ].join('\n');
}

async function remove(session: Session, { reason = 'the demo is over' }: DemoOptions): Promise<void> {
  const gone = await session.aos.call('removeDemo', { body: { reason } });
  session.show({
    data: gone,
    text: () =>
      `${session.style.green(session.style.mark.tick)} the demo is gone: ${gone.runs} runs show nowhere by default, ${gone.policies_retired} policies are retired, ${gone.keys_revoked} keys are revoked\n`,
    next: 'npx aos demo',
  });
}
