import { z } from 'zod';
import { escalation } from '../activity/escalation.ts';
import { asker_filter, namesOf, synthetic_filter, time_filter, words } from '../activity/filter.ts';
import { categories, severities } from '../activity/run.ts';
import { count } from '../base/column.ts';
import { facetsOf } from '../base/facets.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { acknowledge, acts, assign, most_at_once, open_by_hand, reopen, resolve } from '../incidents/act.ts';
import {
  incident,
  incident_group,
  incident_groupings,
  incident_statuses,
  incident_with_violations,
} from '../incidents/incident.ts';
import { run_outcome } from '../incidents/outcome.ts';
import { timeline_entry, timeline_levels } from '../incidents/timeline.ts';
import { control_types } from '../policies/control.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const of_incident = z.strictObject({ id: idOf('incident') });

const incidents_filter = z.strictObject({
  status: words(incident_statuses),
  category: words(categories),
  severity: words(severities),
  policy: namesOf('Id of a policy, or SYSTEM_DEFAULT'),
  run: namesOf('Id of a run'),
  owner: namesOf('Who looks after it'),
  detector: words(control_types).meta({ description: 'The type of a limit or rule that it violated' }),
  ...asker_filter,
  ...time_filter,
  ...synthetic_filter,
});
export type IncidentsFilter = z.infer<typeof incidents_filter>;
export const incident_facets = facetsOf(['severity', 'category', 'agent', 'policy', 'owner']).meta({
  id: 'IncidentFacets',
});
export type IncidentFacets = z.infer<typeof incident_facets>;

const list_query = z.strictObject({
  ...page_query.shape,
  ...incidents_filter.shape,
  category: words([...categories, 'EXECUTION_SUCCESS']).meta({
    description: 'EXECUTION_SUCCESS alone lists runs without a problem; no other list holds them',
  }),
  group: words(incident_groupings).meta({ description: 'One item for incidents alike in these' }),
});
export type IncidentsQuery = z.infer<typeof list_query>;

const bulk = z
  .strictObject({
    ids: z.array(idOf('incident')).min(1).max(most_at_once).optional(),
    like: idOf('incident').optional().meta({
      description: 'All with the policy, agent and category of this one that the act is possible for',
    }),
    among: incidents_filter.optional().meta({
      description: 'Beside like: only those that the list of incidents has with this query',
    }),
    act: acts,
  })
  .refine((body) => (body.ids === undefined) !== (body.like === undefined), 'must have either ids or like')
  .refine((body) => body.among === undefined || body.like !== undefined, 'must have like where it has among');
export type BulkBody = z.infer<typeof bulk>;

const bulk_answer = z
  .object({
    changed: z.array(idOf('incident')),
    skipped: z
      .array(z.object({ id: idOf('incident'), status: z.enum(incident_statuses) }))
      .meta({ description: 'The act is not possible for what they are now' }),
    remaining: count.meta({ description: 'More of the group than one request changes: send it again' }),
    acknowledged: z
      .array(z.object({ id: idOf('incident'), until: instant.nullable(), escalates: escalation.nullable() }))
      .meta({ description: 'Those that were acknowledged before, and until when: what taking it back restores' }),
  })
  .meta({ id: 'IncidentsChanged' });

/** What went wrong. */
export const incident_endpoints = {
  listIncidents: endpoint({
    method: 'GET',
    path: '/api/v1/incidents',
    summary: 'Incidents, newest first; in groups when asked',
    permission: 'read',
    query: list_query,
    answer: z.union([
      pageOf(incident).meta({ id: 'IncidentPage' }),
      pageOf(incident_group).meta({ id: 'IncidentGroupPage' }),
      pageOf(run_outcome).meta({ id: 'RunOutcomePage' }),
    ]),
  }),
  openIncident: endpoint({
    method: 'POST',
    path: '/api/v1/incidents',
    summary: 'Open an incident of a run by hand; 409 when its run and policy have one, which is then named',
    permission: 'operate',
    body: open_by_hand,
    answer: incident,
    status: 201,
  }),
  getIncidentFacets: endpoint({
    method: 'GET',
    path: '/api/v1/incidents/facets',
    summary: 'How many incidents of a list have each severity, category, agent and policy',
    permission: 'read',
    query: incidents_filter,
    answer: incident_facets,
  }),
  getIncident: endpoint({
    method: 'GET',
    path: '/api/v1/incidents/:id',
    summary: 'An incident with its violations and links',
    permission: 'read',
    params: of_incident,
    answer: incident_with_violations,
  }),
  listIncidentTimeline: endpoint({
    method: 'GET',
    path: '/api/v1/incidents/:id/timeline',
    summary: 'What happened around an incident, in order: ledger, violations, alerts and their deliveries',
    permission: 'read',
    params: of_incident,
    query: z.strictObject({ ...page_query.shape, level: z.enum(timeline_levels).optional() }),
    answer: pageOf(timeline_entry).meta({ id: 'TimelinePage' }),
  }),
  acknowledgeIncident: endpoint({
    method: 'POST',
    path: '/api/v1/incidents/:id/acknowledge',
    summary: 'Somebody looks after it: it leaves the queue, and is open again when the time is over',
    permission: 'operate',
    params: of_incident,
    body: acknowledge,
    answer: incident,
  }),
  resolveIncident: endpoint({
    method: 'POST',
    path: '/api/v1/incidents/:id/resolve',
    summary: 'Close it, with what it turned out to be',
    permission: 'operate',
    params: of_incident,
    body: resolve,
    answer: incident,
  }),
  reopenIncident: endpoint({
    method: 'POST',
    path: '/api/v1/incidents/:id/reopen',
    summary: 'Put an incident that was acknowledged or resolved back into the queue',
    permission: 'operate',
    params: of_incident,
    body: reopen,
    answer: incident,
  }),
  assignIncident: endpoint({
    method: 'POST',
    path: '/api/v1/incidents/:id/assign',
    summary: 'Say who looks after it; null: nobody',
    permission: 'operate',
    params: of_incident,
    body: assign,
    answer: incident,
  }),
  changeIncidents: endpoint({
    method: 'POST',
    path: '/api/v1/incidents/bulk',
    summary: 'Do the same with up to 500 incidents: those named, or all of one group',
    permission: 'operate',
    body: bulk,
    answer: bulk_answer,
  }),
} satisfies Endpoints;
