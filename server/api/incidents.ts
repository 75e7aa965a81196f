import { type IncidentsQuery, type incident_endpoints, incident_facets } from '@aos/core/api/incidents.ts';
import { Problem } from '@aos/core/base/error.ts';
import { no_policy } from '@aos/core/base/id.ts';
import { incident, incident_with_violations } from '@aos/core/incidents/incident.ts';
import { run_outcome } from '@aos/core/incidents/outcome.ts';
import { violation } from '@aos/core/policies/violation.ts';
import type { Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { keyNameShown } from '../store/api-keys.ts';
import { rowsOf } from '../store/facets-read.ts';
import { facets_of_incidents, incidentsListing, proofOf } from '../store/incidents-read.ts';
import { cursorOf } from '../store/list.ts';
import { scopeOf } from '../store/list-scope.ts';
import { successesListing } from '../store/outcomes-read.ts';
import { inTenant } from './change.ts';
import { readFacets } from './facets.ts';
import { changeMany, changeOne, visibleIncident } from './incident-acts.ts';
import { listGroups } from './incident-groups.ts';
import { openByHand } from './incident-open.ts';
import { timelineOf } from './incident-timeline.ts';
import { readPage, urlOf, visibleProject } from './read.ts';

export const incident_handlers: Handlers<typeof incident_endpoints> = {
  listIncidents: ({ query }, context) => {
    const { category, ...others } = query;
    const asked = category?.filter((name) => name !== success);
    if (category?.includes(success)) return listSuccesses(query, context);
    if (query.group !== undefined) return listGroups({ ...others, category: asked }, query.group, context);
    const { tenant_id } = context.identity;
    return readPage(
      context,
      { limit: query.limit, cursor: cursorOf('incident', query.cursor) },
      (tx) => scopeOf(tx, tenant_id, visibleProject(context), query),
      (scope) => incidentsListing({ tenant_id, scope, asked: { ...others, category: asked } }),
      (row) => incident.parse({ ...row, url: urlOf(context, row.id) }),
    );
  },

  openIncident: ({ body }, context) => openByHand(context, body),

  getIncidentFacets: async ({ query }, context) => {
    const { tenant_id } = context.identity;
    const rows = async (tx: Tx, asked: typeof query) => {
      const scope = await scopeOf(tx, tenant_id, visibleProject(context), asked);
      return rowsOf(incidentsListing({ tenant_id, scope, asked }));
    };
    return incident_facets.parse(await readFacets(context, query, [{ facets: facets_of_incidents, rows }]));
  },

  getIncident: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const row = await visibleIncident(tx, context, params.id);
      const url = urlOf(context, row.id);
      const plain = incident.parse({ ...row, url });
      const { violations, record_id } = await proofOf(tx, plain, violations_shown);
      const { violation_policy_id, source_run_id } = plain;
      return incident_with_violations.parse({
        ...plain,
        violations: violations.map((of) => violation.parse({ ...of, url: urlOf(context, of.decision_id) })),
        record_id,
        acknowledged_by_name:
          plain.acknowledged_by && (await keyNameShown(tx, plain.acknowledged_by, visibleProject(context))),
        policy_url: violation_policy_id === no_policy ? null : urlOf(context, violation_policy_id),
        run_url: urlOf(context, source_run_id),
        timeline: `/api/v1/incidents/${plain.id}/timeline`,
      });
    }),

  listIncidentTimeline: ({ params, query }, context) =>
    inTenant(context, async (tx) => timelineOf(tx, context, await visibleIncident(tx, context, params.id), query)),

  acknowledgeIncident: ({ params, body }, context) => changeOne(context, params.id, { kind: 'acknowledge', ...body }),
  resolveIncident: ({ params, body }, context) => changeOne(context, params.id, { kind: 'resolve', ...body }),
  reopenIncident: ({ params, body }, context) => changeOne(context, params.id, { kind: 'reopen', ...body }),
  assignIncident: ({ params, body }, context) => changeOne(context, params.id, { kind: 'assign', ...body }),
  changeIncidents: ({ body }, context) => changeMany(context, body),
};

const success = 'EXECUTION_SUCCESS';
const violations_shown = 200;

/** Successes are no incidents: they have neither status nor severity nor policy, and are not mixed with incidents. */
function listSuccesses(query: IncidentsQuery, context: Context) {
  const foreign = (['status', 'severity', 'policy', 'group'] as const).find((name) => query[name] !== undefined);
  if (foreign !== undefined || (query.category?.length ?? 0) > 1) {
    throw new Problem(
      'invalid_query',
      `The query cannot be read: category=${success} lists runs without a problem, which have no ${foreign ?? 'other category'}. Ask for it alone.`,
    );
  }
  const { tenant_id } = context.identity;
  return readPage(
    context,
    { limit: query.limit, cursor: cursorOf('run', query.cursor) },
    (tx) => scopeOf(tx, tenant_id, visibleProject(context), query),
    (scope) => successesListing({ tenant_id, scope, asked: query }),
    (row) => run_outcome.parse({ ...row, url: urlOf(context, row.id) }),
  );
}
