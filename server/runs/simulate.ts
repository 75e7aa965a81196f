import { asks_nothing, type Estimate } from '@aos/core/activity/call.ts';
import type { Plan, PlannedStep } from '@aos/core/activity/plan.ts';
import { planGoal } from '@aos/core/activity/plan-goal.ts';
import type { AskedRun, Simulation } from '@aos/core/api/runs.ts';
import { present } from '@aos/core/base/assert.ts';
import { ceilDiv, usdOfNano } from '@aos/core/base/money.ts';
import { instantText } from '@aos/core/base/time.ts';
import { type Action, refuses, stricter } from '@aos/core/policies/action.ts';
import { type Contribution, decide } from '@aos/core/policies/decide.ts';
import { amountOf, grantedBound, type Line } from '@aos/core/policies/reserve.ts';
import { nameToCaller, toldToCaller, withholds } from '@aos/core/policies/told.ts';
import type { Deps } from '../base/deps.ts';
import type { StepAct } from '../govern/act-outcome.ts';
import { decideSupposed } from '../govern/explain.ts';
import { lookAct } from '../govern/look.ts';
import { dryRegistry } from '../govern/registry.ts';
import type { Ticket } from '../govern/ticket.ts';
import type { ModelAsk } from '../skills/define.ts';
import { skills } from '../skills/index.ts';
import { insertAssumedPlan } from '../store/assumed-plans.ts';
import { planAsk } from './make-plan.ts';
import { type Asking, askingFor, type Credential } from './open-run.ts';

type AskedSimulation = Omit<AskedRun, 'goal' | 'mode' | 'max_retries' | 'parent_run_id'> & {
  goal?: string | undefined;
};

/** What earlier steps of the same run would have taken, by balance. */
type Taken = Map<string, bigint>;

/**
 * The plan first, then each step decided at today's usage and what the steps before it would take, by the code that
 * governs calls. Nothing is registered, held, sent or recorded.
 */
export async function simulateRun(deps: Deps, credential: Credential, asked: AskedSimulation): Promise<Simulation> {
  const new_run_id = deps.makeId('run');
  const asking = await askingFor(deps, credential, asked, { new_run_id, registry: dryRegistry(deps) });
  const plan = asking.plan ?? planGoal(asked.goal ?? '', asking.skills);
  const taken: Taken = new Map();
  const steps: Simulated[] = [];
  if (!asking.plan) {
    const { ask } = planAsk({ goal: asked.goal ?? '', skills: asking.skills });
    steps.push(
      await simulated(deps, credential, asked, asking, taken, { id: 'plan', skill: 'llm', depends_on: [] }, ask),
    );
  }
  for (const step of inOrder(plan)) {
    const ask = skills.get(step.skill)?.ask?.(step.params, {}) ?? null;
    steps.push(await simulated(deps, credential, asked, asking, taken, step, ask));
  }
  const verdict = steps.reduce<Action>((all, step) => stricter(all, step.verdict as Action), 'continue');
  const stopping = steps.find((step) => refuses(step.verdict as Action));
  const costs = steps.map((step) => step.estimated_cost_usd);
  return {
    feasible: !refuses(verdict),
    decision: verdict,
    assumed: !asking.plan,
    plan,
    plan_id: asking.plan ? null : await keepAssumed(deps, asking, asked.goal ?? '', plan),
    steps: steps.map(({ ticket: _, deciding: __, ...shown }) => shown),
    estimated_cost_usd: costs.includes(null) ? null : sumOf(costs as string[]),
    matched_policies: policiesOf(steps.flatMap(({ ticket }) => ticket.lines)),
    headroom: headroomOf(steps.map(({ ticket }) => ticket)),
    stopped_by:
      stopping?.deciding == null
        ? null
        : {
            step: stopping.id,
            policy_id: stopping.deciding.policy_id,
            policy_name: toldToCaller(stopping.deciding).policy_name,
            code: stopping.deciding.code ?? 'policy_blocked',
            reason: toldToCaller(stopping.deciding).reason,
          },
  };
}

async function keepAssumed(deps: Deps, { who }: Asking, goal: string, plan: Plan): Promise<string> {
  const { tenant_id, project } = who.asker;
  const id = deps.makeId('plan');
  const created_at = instantText(deps.clock.now());
  await deps.db.tenant(tenant_id, (tx) =>
    insertAssumedPlan(tx, { tenant_id, id, project_id: project.id, goal, plan, created_at }),
  );
  return id;
}

/** Steps as they would begin: none before what it depends on. */
function inOrder({ steps }: Plan): PlannedStep[] {
  const ordered: PlannedStep[] = [];
  const done = new Set<string>();
  while (ordered.length < steps.length) {
    const next = present(
      steps.find(({ id, depends_on }) => !done.has(id) && depends_on.every((one) => done.has(one))),
      'a step that can begin',
    );
    ordered.push(next);
    done.add(next.id);
  }
  return ordered;
}

async function simulated(
  deps: Deps,
  { identity, request_id }: Credential,
  asked: AskedSimulation,
  asking: Asking,
  taken: Taken,
  step: Pick<PlannedStep, 'id' | 'skill' | 'depends_on'>,
  ask: ModelAsk | null,
): Promise<Simulated> {
  const { agent, who, model } = asking;
  const plain = { id: step.id, skill: step.skill, depends_on: step.depends_on };
  const act = { asker: asking.who.asker, tags: asked.tags, request_id };
  if (!ask) return { ...plain, ...(await simulatedAct(deps, asking, taken, { ...act, ...skillOf(step.skill) })) };
  const ticket = await decideSupposed(deps, {
    identity,
    claims: {
      agent: agent.slug,
      actor: who.asker.actor?.slug ?? null,
      session: null,
      run_id: null,
      project: identity.project_id === null ? who.project.id : null,
      tags: asked.tags,
      dry_run: true,
    },
    session: who.asker.session,
    model: ask.model ?? model,
    tools: [],
    messages: ask.messages as unknown as Record<string, never>[],
    input_tokens: 0,
    max_output_tokens: ask.max_tokens ?? null,
    choices: 1,
    request_id,
  });
  const { verdict, deciding, output_bound } = withTaken({ ...ticket, wanted: ticket.estimate.output_tokens }, taken);
  return {
    ...plain,
    ...told(verdict, deciding),
    estimated_cost_usd: costOf({ ...ticket, output_bound }),
    input_tokens: ticket.estimate.input_tokens,
    output_tokens: output_bound,
    ticket,
    deciding,
  };
}

/** A step of the plan with what it rests on. */
type Simulated = Simulation['steps'][number] & {
  ticket: Pick<Ticket, 'lines' | 'seen'>;
  deciding: Contribution | null;
};

const told = (verdict: Action, deciding: Contribution | null) => ({
  ...{ verdict, code: deciding?.code ?? null, reason: deciding && toldToCaller(deciding).reason },
});

const skillOf = (name: string) => {
  const { kind } = present(skills.get(name), `skill ${name}`);
  return { kind, skill: name, params: {} };
};

/** A step that asks no model: it costs nothing, and counts as a step, and as a call of a tool when it is one. */
async function simulatedAct(deps: Deps, { control }: Asking, taken: Taken, act: StepAct) {
  const looked = await lookAct(deps, control, act);
  const { verdict, deciding } = withTaken({ ...looked, wanted: asks_nothing.output_tokens }, taken);
  const nothing = { estimated_cost_usd: usdOfNano(0n), input_tokens: 0, output_tokens: 0 };
  return { ...told(verdict, deciding), ...nothing, ticket: looked, deciding };
}

/** What is decided about, model or not. */
type Supposed = Pick<Ticket, 'call' | 'lines' | 'seen' | 'decision'> & { wanted: Estimate['output_tokens'] };

/** A run of its own for each supposed call: its balances are those of the one run that is simulated. */
const balanceOf = ({ key }: Line, { call }: Supposed) =>
  `${key.control_id} ${key.subject.replace(call.asker.run_id, 'run')} ${key.window_start_ms}`;

/** What is in flight leaves nothing behind for later steps. */
const stays = ({ type }: Line) => !type.windows.includes('now');

/** Decides once more with what earlier steps would have taken, and adds what this one takes. */
function withTaken(of: Supposed, taken: Taken) {
  const lines = of.lines.map((line, n) => {
    const { posted, pending } = present(of.seen[n], 'the balance of a line');
    return { line, seen: { posted, pending: pending + (taken.get(balanceOf(line, of)) ?? 0n) } };
  });
  const output_bound = grantedBound(lines, of.wanted) ?? of.wanted.floor;
  const again = decide({ rules: [], lines, unmeasurable: [], output_bound });
  const verdict = stricter(of.decision.verdict, again.verdict);
  if (!refuses(verdict))
    for (const line of of.lines.filter(stays)) {
      const balance = balanceOf(line, of);
      taken.set(balance, (taken.get(balance) ?? 0n) + amountOf(line, output_bound));
    }
  const deciding = verdict === of.decision.verdict ? of.decision.deciding : again.deciding;
  return { verdict, deciding: deciding ?? again.deciding, output_bound };
}

function costOf({
  estimate: { price, choices },
  output_bound,
}: Pick<Ticket, 'estimate' | 'output_bound'>): string | null {
  return price && usdOfNano(ceilDiv(price.base_pico + price.output_pico * BigInt(output_bound * choices), 1000n));
}

function sumOf(costs: readonly string[]): string {
  const nano = costs.reduce((sum, cost) => sum + BigInt(cost.replace('.', '')), 0n);
  return usdOfNano(nano);
}

const policiesOf = (lines: readonly Line[]) =>
  [...new Map(lines.map(({ policy }) => [policy.id, nameToCaller(policy)]))].map(([id, name]) => ({ id, name }));

/** Room in each limit before the run, once for each whose policy tells its callers of amounts. */
export function headroomOf(tickets: readonly Pick<Ticket, 'lines' | 'seen'>[]): Simulation['headroom'] {
  const rooms = new Map<string, Simulation['headroom'][number]>();
  for (const { lines, seen } of tickets)
    for (const [n, line] of lines.entries()) {
      const at = present(seen[n], 'the balance of a line');
      const left = line.max - at.posted - at.pending;
      if (rooms.has(line.control.id) || withholds(line.policy)) continue;
      rooms.set(line.control.id, {
        control_id: line.control.id,
        policy_id: line.policy.id,
        unit: line.type.unit,
        remaining: line.type.show(left < 0n ? 0n : left, line.limit),
        resets_at: line.resets_at_ms === null ? null : instantText(line.resets_at_ms),
      });
    }
  return [...rooms.values()];
}
