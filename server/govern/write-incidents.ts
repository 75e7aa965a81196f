import { severities } from '@aos/core/activity/run.ts';
import { no_policy } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { type NewIncident, openIncidents } from '../store/incidents.ts';
import { appendOpened, appendRaised, type LedgerEntry } from '../store/ledger.ts';

/**
 * Opens incidents and says so in the ledger. What happens again to a run under a policy is counted on the incident that
 * is there; what is graver makes that one graver, opens it again if somebody had put it aside, and is an entry too.
 */
export async function writeIncidents(
  deps: Deps,
  tx: Tx,
  tenant_id: string,
  happened: readonly NewIncident[],
): Promise<void> {
  if (happened.length === 0) return;
  const incidents = mergeIncidents(happened);
  await Promise.all([
    appendRaised(
      tx,
      tenant_id,
      incidents.map((of) => entryOf(deps, of, 'INCIDENT_RAISED')),
    ),
    openIncidents(tx, incidents),
    appendOpened(
      tx,
      tenant_id,
      incidents.map((of) => entryOf(deps, of, 'INCIDENT_CREATED')),
    ),
  ]);
}

/** One incident for each run and policy of the batch, about the gravest, in the order in which everybody writes them. */
function mergeIncidents(incidents: readonly NewIncident[]): NewIncident[] {
  const merged = new Map<string, NewIncident>();
  for (const incident of incidents) {
    const key = `${incident.source_run_id} ${incident.violation_policy_id}`;
    const found = merged.get(key);
    merged.set(key, found ? added(found, incident) : incident);
  }
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, incident]) => incident);
}

const gravity = (of: NewIncident): number => severities.indexOf(of.severity);

const added = (found: NewIncident, incident: NewIncident): NewIncident => ({
  ...(gravity(incident) > gravity(found) ? incident : found),
  id: found.id,
  opened_at: found.opened_at,
  occurrences: found.occurrences + 1,
  last_occurred_at: incident.last_occurred_at,
});

/** Of an incident that may turn out to be there already: the store writes it only where it is true. */
function entryOf(deps: Deps, incident: NewIncident, event: 'INCIDENT_CREATED' | 'INCIDENT_RAISED'): LedgerEntry {
  return {
    id: deps.makeId('event'),
    event,
    actor_type: 'system',
    actor_id: 'aos',
    object_type: 'incident',
    object_id: incident.id,
    api_key_id: incident.api_key_id,
    agent_id: incident.agent_id,
    project_id: incident.project_id,
    run_id: incident.source_run_id,
    before: null,
    after: {
      category: incident.category,
      severity: incident.severity,
      title: incident.title,
      policy_id: incident.violation_policy_id,
    },
    reason: incident.violation_policy_id === no_policy ? 'a call failed by itself' : null,
    request_id: null,
    occurred_at: incident.last_occurred_at,
  };
}
