import { isSynthetic } from '@aos/core/activity/call.ts';
import type { Json } from '@aos/core/base/json.ts';
import { instantText } from '@aos/core/base/time.ts';
import { type IncidentDraft, incidentsOf, violationsOf } from '@aos/core/incidents/open.ts';
import { refuses } from '@aos/core/policies/action.ts';
import type { Contribution } from '@aos/core/policies/decide.ts';
import type { Deps } from '../base/deps.ts';
import type { NewIncident } from '../store/incidents.ts';
import type { LedgerEntry } from '../store/ledger.ts';
import type { ViolationRow } from '../store/violations.ts';
import type { Ticket } from './ticket.ts';

/** What a call that is more than a plain allow leaves behind besides its decision. */
export interface Trouble {
  violations: ViolationRow[];
  incidents: NewIncident[];
  ledger: LedgerEntry[];
}

/** Violations and incidents of a decision, with the incidents that the ending of the call adds. */
/** What the trouble of a call is told from. */
export type Troubled = Pick<Ticket, 'call' | 'ids' | 'decision'> & { asked: { request_id: string } };

export function troubleOf(deps: Deps, ticket: Troubled, at_ms: number, more: readonly IncidentDraft[] = []): Trouble {
  const { decision } = ticket;
  const fired = decision.fired ? violationsOf(decision) : [];
  const drafts = decision.fired ? [...incidentsOf(decision), ...more] : more;
  const at = instantText(at_ms);
  return {
    violations: fired.map((of) => violationOf(deps, ticket, of, at)),
    incidents: drafts.map((draft) => incidentOf(deps, ticket, draft, at)),
    ledger: fired
      .filter((of) => of.mode === 'enforce' && of.verdict !== 'continue')
      .map((of) => breachEntry(deps, ticket, of, at)),
  };
}

const text = (value: number | string | null) => (value === null ? null : String(value));

function violationOf(deps: Deps, { ids, call }: Troubled, of: Contribution, at: string): ViolationRow {
  return {
    tenant_id: call.asker.tenant_id,
    id: deps.makeId('violation'),
    run_id: ids.run_id,
    step_id: ids.step_id,
    decision_id: ids.decision_id,
    policy_id: of.policy_id,
    policy_version: of.policy_version,
    control_id: of.control_id,
    control_type: of.type,
    mode: of.mode,
    action: of.action,
    category: of.category,
    severity: of.severity,
    subject: of.subject ?? '*',
    unit: of.unit,
    limit_value: text(of.limit),
    used: text(of.used),
    requested: text(of.requested),
    is_synthetic: isSynthetic(call.asker),
    occurred_at: at,
  };
}

function incidentOf(deps: Deps, { ids, call }: Troubled, draft: IncidentDraft, at: string): NewIncident {
  const { asker } = call;
  return {
    tenant_id: asker.tenant_id,
    id: deps.makeId('incident'),
    source_run_id: ids.run_id,
    violation_policy_id: draft.policy_id,
    trace_id: ids.trace_id,
    decision_id: ids.decision_id,
    project_id: asker.project.id,
    agent_id: asker.agent?.id ?? null,
    actor_id: asker.actor?.id ?? null,
    api_key_id: asker.api_key.id,
    category: draft.category,
    severity: draft.severity,
    status: 'open',
    title: draft.title,
    occurrences: 1,
    is_synthetic: isSynthetic(call.asker),
    opened_at: at,
    last_occurred_at: at,
  };
}

/** Who stands behind a call, for the ledger: the person when there is one, else the key. */
const actorOf = ({ call: { asker } }: Troubled): Pick<LedgerEntry, 'actor_type' | 'actor_id'> =>
  asker.actor
    ? { actor_type: asker.actor.kind, actor_id: asker.actor.id }
    : { actor_type: 'service', actor_id: asker.api_key.id };

function breachEntry(deps: Deps, ticket: Troubled, of: Contribution, at: string): LedgerEntry {
  const { asker } = ticket.call;
  return {
    id: deps.makeId('event'),
    event: of.limit === null ? 'ACCESS_DENIED' : refuses(of.verdict) ? 'LIMIT_BREACHED' : 'LIMIT_WARNED',
    ...actorOf(ticket),
    object_type: 'decision',
    object_id: ticket.ids.decision_id,
    api_key_id: asker.api_key.id,
    agent_id: asker.agent?.id ?? null,
    project_id: asker.project.id,
    run_id: ticket.ids.run_id,
    before: null,
    after: of as unknown as Json,
    reason: of.reason,
    request_id: ticket.asked.request_id,
    occurred_at: at,
  };
}
