import { type Asker, isSynthetic } from '@aos/core/activity/call.ts';
import type { TerminationReason } from '@aos/core/activity/run.ts';
import { wires } from '@aos/core/activity/wires/index.ts';
import type { Imported, PastRun } from '@aos/core/api/synthetic.ts';
import { present } from '@aos/core/base/assert.ts';
import { nanoOfUsd, usdOfNano } from '@aos/core/base/money.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { type Deps, idAt } from '../base/deps.ts';
import type { TenantControl } from '../govern/control.ts';
import { chooseModel } from '../govern/models.ts';
import { type Outcome, writeAll } from '../govern/settle.ts';
import { monthsFrom } from '../store/partitions.ts';
import { endPastRuns, type NewRun, type PastEnd } from '../store/runs.ts';
import { nameSessions } from '../store/sessions.ts';
import { nameActor, nameAgent } from '../store/subjects.ts';
import { completeTracesAt } from '../store/traces.ts';
import { type PastAsker, type Replaying, replayCall } from './replay.ts';

/** Into which project, on whose key, under which policies. */
export interface Importing {
  deps: Deps;
  control: TenantControl;
  tenant_id: string;
  project: { id: string; slug: string; synthetic_scenario_id: string };
  api_key: Asker['api_key'];
  request_id: string;
}

/** What one run of the past leaves behind. */
interface PastOutcomes {
  run: NewRun;
  outcomes: Outcome[];
  end: PastEnd;
}

/** Brings runs of the past in, all or none: decided in the order of their calls, over balances of their own. */
export async function importRuns(tx: Tx, of: Importing, runs: readonly PastRun[]): Promise<Imported> {
  const starts = runs.map(({ calls }) => epochMs(present(calls[0], 'the first call').at));
  await monthsFrom(tx, instantText(Math.min(...starts)));
  const askers = await askersOf(tx, of, runs, starts);
  const replayed = replayAll(of, runs, askers);
  await write(tx, of, replayed);
  return summaryOf(of, runs, replayed);
}

/** Each name is looked up once, however many runs it stands in. */
async function askersOf(
  tx: Tx,
  of: Importing,
  runs: readonly PastRun[],
  starts: readonly number[],
): Promise<PastAsker[]> {
  const { deps, tenant_id, project, api_key } = of;
  const first = new Map<string, string>();
  const agents = new Map<string, PastAsker['agent']>();
  const actors = new Map<string, NonNullable<PastAsker['actor']>>();
  for (const [n, { agent, actor, session }] of runs.entries()) {
    const at = instantText(present(starts[n], 'a start'));
    if (session !== undefined && !first.has(session)) first.set(session, at);
    if (!agents.has(agent)) {
      const named = { tenant_id, project_id: project.id, name: agent, at, new_id: deps.makeId('agent') };
      const { id, slug } = present(await nameAgent(tx, named), 'an agent that may be registered');
      agents.set(agent, { id, slug });
    }
    if (actor !== undefined && !actors.has(actor)) {
      const named = { tenant_id, name: actor, at, new_id: deps.makeId('actor') };
      const { id, slug, kind } = present(await nameActor(tx, named), 'an actor that may be registered');
      actors.set(actor, { id, slug, kind });
    }
  }
  const asked = [...first].map(([external_id, at]) => ({ external_id, at, new_id: deps.makeId('session') }));
  const sessions = await nameSessions(tx, { tenant_id, project_id: project.id }, asked);
  return runs.map((run, n) => ({
    tenant_id,
    project: { id: project.id, slug: project.slug },
    api_key,
    agent: present(agents.get(run.agent), 'the agent of a run'),
    actor: run.actor === undefined ? null : present(actors.get(run.actor), 'the actor of a run'),
    session: run.session === undefined ? null : present(sessions.get(run.session), 'the session of a run'),
    run_id: idAt(deps, 'run', present(starts[n], 'a start')),
    synthetic_scenario_id: project.synthetic_scenario_id,
  }));
}

/** All calls in the order of their instants, whatever run they belong to: limits that several share are met as they were. */
function replayAll(of: Importing, runs: readonly PastRun[], askers: readonly PastAsker[]): PastOutcomes[] {
  const models = new Map<string, Replaying['model'] extends (name: string) => infer Model ? Model : never>();
  const replaying: Replaying = {
    ...of,
    balances: new Map(),
    model: (name) => {
      const found = models.get(name) ?? chooseModel(of.control, wires.chat, name);
      models.set(name, found);
      return found;
    },
  };
  const ordered = runs
    .flatMap((run, n) => run.calls.map((call) => ({ call, n, at_ms: epochMs(call.at) })))
    .sort((a, b) => a.at_ms - b.at_ms);
  const outcomes = runs.map((): Outcome[] => []);
  const killed = new Set<number>();
  for (const { call, n } of ordered) {
    if (killed.has(n)) continue;
    const { outcome, fate } = replayCall(replaying, present(askers[n], 'an asker'), call);
    outcomes[n]?.push(outcome);
    if (fate === 'kill') killed.add(n);
  }
  return runs.map((run, n) => ended(of, run, present(askers[n], 'an asker'), outcomes[n] ?? []));
}

function ended(of: Importing, run: PastRun, asker: PastAsker, outcomes: Outcome[]): PastOutcomes {
  const created_at = present(run.calls[0], 'the first call').at;
  const last = present(outcomes.at(-1)?.progress, 'the last call of a run');
  const reason = run.killed ? 'USER_ABORT' : (last.last_refusal as TerminationReason | null);
  const policy_id =
    outcomes.find(({ progress }) => progress?.violation_policy_id)?.progress?.violation_policy_id ?? null;
  const new_run: NewRun = {
    tenant_id: of.tenant_id,
    id: asker.run_id,
    project_id: of.project.id,
    agent_id: asker.agent.id,
    actor_id: asker.actor?.id ?? null,
    api_key_id: asker.api_key.id,
    session_id: asker.session?.id ?? null,
    mode: 'gateway',
    status: 'running',
    hold: 'none',
    identity: 'claimed',
    policy_snapshot_id: of.control.policies.snapshot_id,
    policy_context: 'SYSTEM_DEFAULT',
    ...{ calls: 0, refused_calls: 0, input_tokens: 0, output_tokens: 0, estimated_cost_usd: '0' },
    tags: {},
    is_synthetic: isSynthetic(asker),
    synthetic_scenario_id: of.project.synthetic_scenario_id,
    created_at,
    started_at: created_at,
    last_activity_at: created_at,
  };
  const end = { id: asker.run_id, goal: run.goal ?? null, ended_at: last.at, policy_id, ...terminalOf(reason) };
  return { run: new_run, outcomes, end };
}

/** As a gateway run ends when it is idle: as its last call says. */
function terminalOf(
  reason: TerminationReason | null,
): Pick<PastEnd, 'status' | 'termination_reason' | 'outcome_record'> {
  if (reason === null) return { status: 'succeeded', termination_reason: 'COMPLETED', outcome_record: 'SUCCESS' };
  if (reason === 'SYSTEM_FAILURE') return { status: 'failed', termination_reason: reason, outcome_record: 'FAILURE' };
  if (reason === 'USER_ABORT') return { status: 'cancelled', termination_reason: reason, outcome_record: 'ABORTED' };
  return { status: 'failed_policy', termination_reason: reason, outcome_record: 'BLOCKED' };
}

async function write(tx: Tx, { deps, tenant_id }: Importing, replayed: readonly PastOutcomes[]): Promise<void> {
  const opening = replayed.flatMap(({ run, outcomes }) =>
    outcomes.map((of, n) => (n === 0 ? { ...of, new_run: run } : of)),
  );
  await writeAll(deps, tx, tenant_id, opening);
  const ends = replayed.map(({ end }) => end);
  await endPastRuns(tx, ends);
  await completeTracesAt(tx, ends);
}

function summaryOf(of: Importing, runs: readonly PastRun[], replayed: readonly PastOutcomes[]): Imported {
  const all = replayed.flatMap(({ outcomes }) => outcomes);
  const progress = all.flatMap(({ progress: one }) => one ?? []);
  const instants = runs.flatMap(({ calls }) => calls.map(({ at }) => at)).sort();
  const incidents = new Set(
    all.flatMap((one) => one.incidents.map((by) => `${by.source_run_id} ${by.violation_policy_id}`)),
  );
  return {
    project_id: of.project.id,
    synthetic_scenario_id: of.project.synthetic_scenario_id,
    runs: replayed.length,
    calls: progress.length,
    refused_calls: progress.reduce((sum, one) => sum + one.refused_calls, 0),
    runs_stopped: replayed.filter(({ end }) => end.status === 'failed_policy' || end.status === 'cancelled').length,
    violations: all.reduce((sum, one) => sum + one.violations.length, 0),
    incidents: incidents.size,
    cost_usd: usdOfNano(progress.reduce((sum, one) => sum + nanoOfUsd(one.cost_usd), 0n)),
    from: instants[0] ?? '',
    to: instants.at(-1) ?? '',
  };
}
