import type { Plan } from '@aos/core/activity/plan.ts';
import type { Json } from '@aos/core/base/json.ts';
import type { Contribution } from '@aos/core/policies/decide.ts';
import type { Tx } from '../base/database.ts';
import { changedSince, type Moment } from './moment.ts';
import { firstIdOf } from './runs-read.ts';

/** The state of a run as its stream tells it. */
export interface RunState {
  id: string;
  status: string;
  hold: string;
  agent_id: string | null;
  calls: number;
  refused_calls: number;
  input_tokens: string;
  output_tokens: string;
  cost_usd: string;
  termination_reason: string | null;
  created_at: string;
  started_at: string | null;
  last_activity_at: string;
  ended_at: string | null;
  is_changed: boolean;
  is_ended: boolean;
}

const state = `r.id, r.status, r.hold, r.agent_id, r.calls, r.refused_calls, r.input_tokens, r.output_tokens,
    r.estimated_cost_usd as cost_usd, r.termination_reason, r.created_at, r.started_at, r.last_activity_at, r.ended_at,
    r.status not in ('queued', 'running', 'retry') as is_ended`;

/** What a step of a plan has come to. */
export interface PlannedChange {
  name: string;
  skill: string;
  state: string;
  attempt: number;
  step_id: string | null;
  error: Json;
  started_at: string | null;
  ended_at: string | null;
}

/** A step that was carried out or refused, with what was decided and how near it came to its limits. */
export interface StepChange {
  id: string;
  skill: string;
  name: string | null;
  status: string;
  verdict: string | null;
  cost_usd: string | null;
  duration_ms: number;
  decision_id: string;
  error: Json;
  ended_at: string;
  holds: Json;
}

export interface DecisionChange {
  id: string;
  verdict: string;
  code: string | null;
  policy_id: string | null;
  /** What the control that decided it said. */
  said: Contribution | null;
  decided_at: string;
}

export interface IncidentChange {
  id: string;
  policy_id: string;
  category: string;
  severity: string;
  title: string;
  is_new: boolean;
  at: string;
}

export interface RunChanges {
  run: RunState;
  /** Of a managed run whose plan was not there before. */
  plan: { plan: Plan; at: string } | null;
  planned: PlannedChange[];
  steps: StepChange[];
  decisions: DecisionChange[];
  incidents: IncidentChange[];
}

/** Everything about a run that was written after a moment; null: from its beginning. */
export async function runChanges(tx: Tx, run_id: string, since: Moment | null): Promise<RunChanges> {
  const seen = since?.snapshot ?? null;
  const of_run = 'tenant_id = current_tenant() and';
  const [run, plan, planned, steps, decisions, incidents] = await Promise.all([
    tx.query<RunState>(
      `select ${state}, ${changedSince('r', '$2')} as is_changed from runs r where r.${of_run} r.id = $1`,
      [run_id, seen],
    ),
    tx.query<{ plan: Plan; at: string }>(
      `select m.plan, coalesce((select min(p.started_at) from planned_steps p where p.${of_run} p.run_id = $1), clock_timestamp()) as at
        from managed_runs m where m.${of_run} m.run_id = $1 and m.plan is not null
          and not exists (select from planned_steps p where p.${of_run} p.run_id = $1 and not ${changedSince('p', '$2')})`,
      [run_id, seen],
    ),
    tx.query<PlannedChange>(
      `select p.name, p.skill, p.state, p.attempt, p.step_id, p.error, p.started_at, p.ended_at from planned_steps p
        where p.${of_run} p.run_id = $1 and p.state <> 'pending' and ${changedSince('p', '$2')} order by p.position`,
      [run_id, seen],
    ),
    tx.query<StepChange>(
      `select s.id, s.skill, s.params ->> 'step' as name, s.status, s.cost_usd, s.duration_ms, s.decision_id, s.error,
          s.ended_at, coalesce(d.verdict, x.verdict) as verdict, x.holds
        from steps s
          left join llm_run_records x on x.tenant_id = s.tenant_id and x.id = 'rec' || substr(s.id, 4)
          left join decisions d on d.tenant_id = s.tenant_id and d.id = s.decision_id
        where s.${of_run} s.run_id = $1 and s.id >= $3 and ${changedSince('s', '$2')} order by s.ended_at, s.id`,
      [run_id, seen, firstIdOf(run_id, 'step')],
    ),
    tx.query<DecisionChange>(
      `select d.id, d.verdict, d.code, d.policy_id, d.decided_at,
          jsonb_path_query_first(d.contributions, '$[*] ? (@.fired == true && @.verdict == $v)',
            jsonb_build_object('v', d.verdict)) as said
        from decisions d
        where d.${of_run} d.run_id = $1 and d.id >= $3 and d.verdict <> 'continue' and ${changedSince('d', '$2')} order by d.id`,
      [run_id, seen, firstIdOf(run_id, 'decision')],
    ),
    tx.query<IncidentChange>(
      `select i.id, i.violation_policy_id as policy_id, i.category, i.severity, i.title, i.last_occurred_at as at,
          i.occurrences = 1 and i.status = 'open' as is_new
        from incidents i where i.${of_run} i.source_run_id = $1 and ${changedSince('i', '$2')} order by i.id`,
      [run_id, seen],
    ),
  ]);
  return { run: run[0] as RunState, plan: plan[0] ?? null, planned, steps, decisions, incidents };
}

/** What the ledger says, as far as a stream tells it. */
export interface LedgerChange {
  id: string;
  event: string;
  object_type: string;
  object_id: string;
  run_id: string | null;
  after: Json;
  reason: string | null;
  occurred_at: string;
}

export interface TenantChanges {
  runs: (RunState & { is_new: boolean })[];
  entries: LedgerChange[];
  /** More happened than is listed. */
  is_behind: boolean;
}

/** What is looked at lies at most so far back: no transaction is open for longer. */
const looked_back_ms = 60_000;
/** More than this in one look is too much to be read by anybody. */
const told_max = 500;

/**
 * Runs that were opened, ended, or of late began, and everything in the ledger, written after a moment; of one project
 * when `project_id` says so. Old runs that only go on are not told: lists show them.
 */
export async function tenantChanges(
  tx: Tx,
  of: { since: Moment; project_id: string | null; first: { run: string; event: string } },
): Promise<TenantChanges> {
  const { since, project_id, first } = of;
  const [runs, entries] = await Promise.all([
    tx.query<RunState & { is_new: boolean }>(
      `select ${state}, true as is_changed, r.created_at >= to_timestamp($4::float8 / 1000) as is_new from runs r
        where r.tenant_id = current_tenant() and ($3::text is null or r.project_id = $3)
          and (r.id >= $2
            or r.id in (select m.run_id from managed_runs m where m.tenant_id = current_tenant() and m.ended_at is null)
            or r.id in (select e.run_id from audit_ledger e where e.tenant_id = current_tenant() and e.id >= $5
              and e.object_type = 'run' and ${changedSince('e', '$1')}))
          and ${changedSince('r', '$1')} order by r.id desc limit ${told_max + 1}`,
      [since.snapshot, first.run, project_id, since.at_ms, first.event],
    ),
    tx.query<LedgerChange>(
      `select e.id, e.event, e.object_type, e.object_id, e.run_id, e.after, e.reason, e.occurred_at from audit_ledger e
        where e.tenant_id = current_tenant() and e.id >= $2 and ($3::text is null or e.project_id = $3)
          and e.object_type <> 'run' and ${changedSince('e', '$1')} order by e.id desc limit ${told_max + 1}`,
      [since.snapshot, first.event, project_id],
    ),
  ]);
  const is_behind = runs.length > told_max || entries.length > told_max;
  return { runs: runs.slice(0, told_max).reverse(), entries: entries.slice(0, told_max).reverse(), is_behind };
}

export const lookedBackTo = ({ at_ms }: Moment): number => Math.max(0, at_ms - looked_back_ms);
