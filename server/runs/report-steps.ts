import type { Identity } from '@aos/core/access/identity.ts';
import { asks_nothing } from '@aos/core/activity/call.ts';
import type { ReportedStep, StepsTold } from '@aos/core/activity/reported-step.ts';
import { present } from '@aos/core/base/assert.ts';
import { canonicalText } from '@aos/core/base/canonical.ts';
import { Problem } from '@aos/core/base/error.ts';
import { instantOf, sibling } from '@aos/core/base/id.ts';
import type { Json } from '@aos/core/base/json.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { epochMs } from '@aos/core/base/time.ts';
import { type Action, refuses, stricter } from '@aos/core/policies/action.ts';
import { ruled } from '@aos/core/policies/approval.ts';
import { decide } from '@aos/core/policies/decide.ts';
import { type Line, reserve, type Timed } from '@aos/core/policies/reserve.ts';
import { resolve } from '@aos/core/policies/resolve.ts';
import { toldToCaller } from '@aos/core/policies/told.ts';
import { type Deps, sha256Hex } from '../base/deps.ts';
import {
  asksOf,
  callOf,
  type DecidedAct,
  decidedOf,
  heldAct,
  idsOf,
  outcomeOf,
  postingOf,
  type StepAct,
  stoppedBy,
  withPauses,
} from '../govern/act-outcome.ts';
import { type AtGate, admitCalls, openCalls } from '../govern/admit.ts';
import { alertsOfCall, causeOf, rememberTold } from '../govern/alerts.ts';
import { createControls, type TenantControl } from '../govern/control.ts';
import { endRunIfDue } from '../govern/kill.ts';
import { laterOf } from '../govern/later.ts';
import { askIfPaused } from '../govern/paused.ts';
import { writeOutcomes } from '../govern/settle.ts';
import type { Admission } from '../store/admission.ts';
import { lockReports, type ReportedBefore, reportedBefore } from '../store/reported-steps.ts';
import { releaseHolds } from '../store/usage.ts';
import { type ActingRun, callerOf } from './caller.ts';
import { createTurns } from './in-turn.ts';

/** Steps that an agent reports of its run. */
export interface Report {
  identity: Identity;
  request_id: string;
  run: ActingRun & { tags: Record<string, string> };
  steps: readonly ReportedStep[];
}

/**
 * Steps that have happened, counted and decided as if they were about to: one that passes a limit is written with its
 * violation, and its agent is told to stop. What the limit has room for is taken in the order of the report.
 */
export async function reportSteps(deps: Deps, report: Report): Promise<StepsTold> {
  refuseStrangeTimes(deps, report);
  const { before, decided } = await inTurn(report.run.run_id, () => countOnce(deps, report));
  await followUp(deps, report, decided, before);
  const told = new Map(decided.map((of) => [of.reported, toldOf(deps, of)]));
  const items = report.steps.map(
    (step) => told.get(step) ?? toldAgain(deps, present(before.get(step.id ?? ''), 'a step that was reported before')),
  );
  const decision = items.reduce<Action>((all, of) => stricter(all, of.decision as Action), 'continue');
  return { run_id: report.run.run_id, decision, stop: refuses(decision), items };
}

/** Beyond it, a clock is wrong. */
const clocks_differ_ms = 60_000;

/** An id says when its step began: one from elsewhere would be found in no list of the run. */
function refuseStrangeTimes({ clock }: Deps, { run, steps }: Report): void {
  const latest_ms = clock.now() + clocks_differ_ms;
  const earliest_ms = instantOf(run.run_id) - clocks_differ_ms;
  const strange = steps.findIndex(({ id, ended_at }) => {
    const made_ms = id === undefined ? latest_ms : instantOf(id);
    return made_ms < earliest_ms || made_ms > latest_ms || epochMs(ended_at) > latest_ms;
  });
  if (strange >= 0)
    throw new Problem(
      'invalid_body',
      `steps.${strange}: the step lies before its run, or in the future. Look at the clock.`,
    );
}

interface Decided extends DecidedAct {
  reported: ReportedStep;
  admission: Admission;
}

interface Counted {
  before: Map<string, ReportedBefore>;
  decided: Decided[];
}

/** Of the reports of a run one waits in the database for other processes; the others here take no connection from anybody. */
const inTurn = createTurns();

/** Rounds until control stands still; more than it can change in, unless somebody changes it all the time. */
const rounds_max = 20;

async function countOnce(deps: Deps, report: Report): Promise<Counted> {
  const { asker } = await callerOf(deps, report.identity.tenant_id, report.run);
  for (let round = 0; round < rounds_max; round++) {
    const control = await createControls(deps).of(asker.tenant_id);
    const counted = await countUnder(deps, report, asker, control);
    if (counted !== 'stale') return counted;
  }
  throw new Problem(
    'governance_unavailable',
    'The policies of this tenant are changing too fast to decide; try again.',
  );
}

/**
 * Looks up, admits and settles while no other report of the run does. The lock has a transaction of its own, so that
 * balances are locked no longer than their flights take; flights have their own connections and wait for none like it.
 */
function countUnder(
  deps: Deps,
  report: Report,
  asker: StepAct['asker'],
  control: TenantControl,
): Promise<Counted | 'stale'> {
  const { run_id } = report.run;
  const ids = report.steps.flatMap(({ id }) => id ?? []);
  return deps.db.tenant(asker.tenant_id, async (tx) => {
    await lockReports(tx, run_id);
    const before = await reportedBefore(tx, run_id, ids);
    const fresh = report.steps.filter(({ id }) => id === undefined || !before.has(id));
    if (fresh.length === 0) return { before, decided: [] };
    const prepared = fresh.map((step) => prepare(deps, control, step, actOf(report, asker, step)));
    const admissions = await admitted(deps, asker.tenant_id, prepared);
    if (admissions.some(({ outcome }) => outcome === 'run_closed'))
      throw new Problem('conflict', `The run ${run_id} has ended: no step of it is taken any more.`);
    if (admissions.some(({ outcome }) => outcome === 'stale')) return 'stale';
    const decided = await settled(deps, asker.tenant_id, control, prepared, admissions);
    return { before, decided };
  });
}

/** SQLSTATE of a key that is there already. */
const is_there = '23505';
const isThere = (error: unknown): boolean => (error as { code?: string }).code === is_there;

/** An admission whose answer is lost may have taken its holds all the same, or take them yet: none of them stays. */
async function admitted(deps: Deps, tenant_id: string, prepared: readonly Prepared[]): Promise<Admission[]> {
  const gates = prepared.map((of) => of.at_gate);
  const control_epoch = present(gates[0], 'a step to be admitted').control_epoch;
  try {
    return await deps.db.tenantFlight(tenant_id, async (tx) => {
      const [, admissions] = await Promise.all([openCalls(tx, gates), admitCalls(deps, tx, control_epoch, gates)]);
      return admissions;
    });
  } catch (error) {
    // The hold is of an earlier report, whose loss is seen to: it is not released for this one.
    if (isThere(error))
      throw new Problem('governance_unavailable', 'An earlier report of these steps is not settled yet; try again.', {
        retry_after_s: 5,
      });
    for (const { ask } of gates) if (ask.take) laterOf(deps).release(tenant_id, ask.id);
    throw error;
  }
}

/** Whatever is thrown on the way from the admission to what is written, nothing of the report stays held. */
async function settled(
  deps: Deps,
  tenant_id: string,
  control: TenantControl,
  prepared: readonly Prepared[],
  admissions: readonly Admission[],
): Promise<Decided[]> {
  const held = prepared.flatMap(({ ids }, n) => (admissions[n]?.outcome === 'admitted' ? ids.decision_id : []));
  try {
    const decided = prepared.map((of, n) => judged(deps, control, of, present(admissions[n], 'an admission')));
    const ended = await write(deps, tenant_id, decided);
    if (held.some((id) => !ended.has(id))) throw new Problem('governance_unavailable', lost_hold, { retry_after_s: 1 });
    return decided;
  } catch (error) {
    await letGo(deps, tenant_id, held);
    if (isThere(error)) throw new Problem('conflict', 'One of these step ids is taken: make a new id for each step.');
    throw error;
  }
}

const lost_hold = 'What a step of this report held was ended by somebody else; report the steps again.';

/** At once where the database answers, so that a report that comes again finds the way free; else later. */
async function letGo(deps: Deps, tenant_id: string, held: readonly string[]): Promise<void> {
  if (held.length === 0) return;
  deps.log.error({ holds: held.length }, 'reported steps could not be written: their holds are let go');
  try {
    await deps.db.tenant(tenant_id, (tx) => releaseHolds(tx, held));
  } catch {
    for (const id of held) laterOf(deps).release(tenant_id, id);
  }
}

const actOf = ({ run, request_id }: Report, asker: StepAct['asker'], step: ReportedStep): StepAct => ({
  ...{ asker, request_id, kind: step.kind, skill: step.name, tags: run.tags },
  params: {
    step: step.name,
    reported: true,
    through_gateway: step.through_gateway,
    params_hash: step.params_hash ?? hashOf(step.params),
    result_hash: step.result_hash ?? hashOf(step.result),
  },
  parent_step_id: step.parent_step_id ?? null,
  counts_no_tool: step.through_gateway,
});

const hashOf = (content: Json | undefined): string | null =>
  content === undefined ? null : sha256Hex(Buffer.from(canonicalText(content)));

interface Prepared {
  step: ReportedStep;
  act: StepAct;
  ids: DecidedAct['ids'];
  at_gate: AtGate;
  lines: Line[];
  timed: Timed[];
  admitted_at_ms: number;
}

function prepare(deps: Deps, control: TenantControl, step: ReportedStep, asked: StepAct): Prepared {
  const admitted_at_ms = deps.clock.now();
  const act = { ...asked, asker: withPauses(control, asked.asker, admitted_at_ms) };
  const { asker } = act;
  const call = callOf(act);
  const matched = ruled(resolve(control.policies, call, admitted_at_ms), control.rulings, asker, admitted_at_ms);
  // The gateway has counted the call of a model as a step.
  const is_counted = step.kind !== 'llm' || !step.through_gateway;
  const { lines, timed } = reserve(
    is_counted && !stoppedBy(control, asker) ? matched : [],
    call,
    asksOf(act),
    admitted_at_ms,
  );
  const over = decide({ rules: [], lines: timed, unmeasurable: [], output_bound: 0 });
  const decision_id = step.id === undefined ? deps.makeId('decision') : sibling(step.id, 'decision');
  const ask = {
    id: decision_id,
    run_id: asker.run_id,
    run_must_exist: true,
    take: !stoppedBy(control, asker) && !refuses(over.verdict),
    output_tokens: asks_nothing.output_tokens,
    lines,
    call: heldAct(act, control, lines),
  };
  const at_gate = { control_epoch: control.control_epoch, ask, new_run: null };
  return { step, act, ids: idsOf(decision_id, asker.run_id), at_gate, lines, timed, admitted_at_ms };
}

function judged(deps: Deps, control: TenantControl, of: Prepared, admission: Admission): Decided {
  const { act, ids, lines, timed, admitted_at_ms } = of;
  const call = callOf(act);
  const decision = stoppedBy(control, act.asker) ?? decidedOf(lines, admission, timed);
  const held = admission.outcome === 'admitted';
  const reached = { lines, seen: admission.seen, timed, output_bound: 0, held };
  const alerts = alertsOfCall(deps, act.asker.tenant_id, reached, causeOf(call, ids.decision_id), admitted_at_ms);
  return { reported: of.step, admission, act, call, control, ids, lines, decision, alerts, admitted_at_ms };
}

/** All in one transaction; answers which holds it ended. */
async function write(deps: Deps, tenant_id: string, decided: readonly Decided[]): Promise<Set<string>> {
  const outcomes = decided.map((of) => {
    const { reported, admission, ids, lines } = of;
    const went = {
      status: reported.status,
      error: reported.error ?? null,
      started_at_ms: epochMs(reported.started_at),
      ended_at_ms: epochMs(reported.ended_at),
    };
    const hold = admission.outcome === 'admitted' ? { id: ids.decision_id, postings: lines.map(postingOf) } : null;
    return { ...outcomeOf(deps, of, went), hold };
  });
  const ended = await writeOutcomes(deps, tenant_id, outcomes);
  for (const { alerts } of decided) rememberTold(alerts);
  return ended;
}

/** Asks a person and ends the run where a control says so: once more for steps of a report whose end was not seen. */
async function followUp(
  deps: Deps,
  { identity, request_id, run }: Report,
  decided: readonly Decided[],
  before: Map<string, ReportedBefore>,
): Promise<void> {
  for (const of of decided) await askIfPaused(deps, { ...of, asked: of.act }, of.decision);
  const due = { call: { asker: identity }, ids: run, asked: { request_id } };
  for (const { decision } of decided) await endRunIfDue(deps, due, decision);
  for (const again of before.values()) await endRunIfDue(deps, due, again);
}

function toldOf({ config }: Deps, { ids, decision }: Decided): StepsTold['items'][number] {
  const { verdict, deciding, fired } = decision;
  return {
    id: ids.step_id,
    decision_id: ids.decision_id,
    decision: verdict,
    code: deciding?.code ?? null,
    message: fired && deciding ? toldToCaller(deciding).reason : null,
    policy_id: deciding?.policy_id ?? null,
    url: consoleUrl(config.public_url, ids.decision_id),
  };
}

const toldAgain = ({ config }: Deps, { id, verdict, deciding, ...of }: ReportedBefore): StepsTold['items'][number] => ({
  ...{ id, decision: verdict, message: deciding && toldToCaller(deciding).reason, ...of },
  url: consoleUrl(config.public_url, of.decision_id),
});
