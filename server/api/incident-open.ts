import type { Category, Severity } from '@aos/core/activity/run.ts';
import { Problem } from '@aos/core/base/error.ts';
import { no_policy, sibling } from '@aos/core/base/id.ts';
import type { OpenByHand } from '@aos/core/incidents/act.ts';
import { incident } from '@aos/core/incidents/incident.ts';
import type { Context } from '../http/handler.ts';
import { type NewIncident, openFirst } from '../store/incidents.ts';
import { policyById } from '../store/policies.ts';
import { lockRunsToWrite } from '../store/runs.ts';
import { findRun } from '../store/runs-read.ts';
import { linkIncidents } from '../store/traces.ts';
import { found, inTenant, nowText, record } from './change.ts';
import { visibleIncident } from './incident-acts.ts';
import { urlOf, visibleProject } from './read.ts';

/** An incident that a person opens: the only one of its run and policy, as those that calls open. */
export const openByHand = (context: Context, { reason, ...of }: OpenByHand) =>
  inTenant(context, async (tx) => {
    const { tenant_id } = context.identity;
    const run = found(await findRun(tx, tenant_id, of.run_id, visibleProject(context)), 'run', '/api/v1/runs');
    if (of.policy_id !== undefined) found(await policyById(tx, of.policy_id), 'policy', '/api/v1/policies');
    await lockRunsToWrite(tx, [of.run_id]);
    const opened = openedIn(context, run as unknown as RunOf, of);
    const there = await openFirst(tx, opened);
    if (there !== null)
      throw new Problem(
        'conflict',
        `The run has an incident ${of.policy_id === undefined ? 'in which no policy had a part' : 'of this policy'} already: ${there}. Acknowledge, resolve or reopen that one.`,
      );
    await linkIncidents(tx, [of.run_id]);
    await record(tx, context, {
      event: 'INCIDENT_CREATED',
      object_type: 'incident',
      object_id: opened.id,
      before: null,
      after: { category: of.category, severity: of.severity, title: of.title, policy_id: opened.violation_policy_id },
      reason,
      project_id: opened.project_id,
      agent_id: opened.agent_id,
      run_id: of.run_id,
    });
    return incident.parse({ ...(await visibleIncident(tx, context, opened.id)), url: urlOf(context, opened.id) });
  });

type RunOf = Pick<NewIncident, 'project_id' | 'agent_id' | 'actor_id' | 'api_key_id' | 'is_synthetic'>;

interface Said {
  run_id: string;
  policy_id?: string | undefined;
  category: Category;
  severity: Severity;
  title: string;
}

function openedIn(context: Context, run: RunOf, { run_id, policy_id = no_policy, ...said }: Said): NewIncident {
  const at = nowText(context);
  const { project_id, agent_id, actor_id, api_key_id, is_synthetic } = run;
  return {
    ...{ tenant_id: context.identity.tenant_id, id: context.deps.makeId('incident') },
    ...{ source_run_id: run_id, violation_policy_id: policy_id },
    ...{ trace_id: sibling(run_id, 'trace'), decision_id: null },
    ...{ project_id, agent_id, actor_id, api_key_id, is_synthetic },
    ...said,
    ...{ status: 'open', occurrences: 1, opened_at: at, last_occurred_at: at },
  };
}
