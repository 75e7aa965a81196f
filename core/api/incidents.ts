import { z } from 'zod';
import { asker_filter, names, synthetic_filter, time_filter, words } from '../activity/filter.ts';
import { categories, severities } from '../activity/run.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import {
  incident,
  incident_group,
  incident_groupings,
  incident_statuses,
  incident_with_violations,
} from '../incidents/incident.ts';
import { run_outcome } from '../incidents/outcome.ts';
import { ledger_entry } from '../logs/ledger-entry.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const of_incident = z.strictObject({ id: idOf('incident') });

const list_query = z.strictObject({
  ...page_query.shape,
  status: words(incident_statuses),
  category: words([...categories, 'EXECUTION_SUCCESS']).meta({
    description: 'EXECUTION_SUCCESS alone lists runs without a problem; no other list holds them',
  }),
  severity: words(severities),
  policy: names.meta({ description: 'Id of a policy, or SYSTEM_DEFAULT' }),
  run: names.meta({ description: 'Id of a run' }),
  ...asker_filter,
  ...time_filter,
  ...synthetic_filter,
  group: words(incident_groupings).meta({ description: 'One item for incidents alike in these' }),
});
export type IncidentsQuery = z.infer<typeof list_query>;

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
    summary: 'Ledger entries of the incident, its run and its policy, in order',
    permission: 'read',
    params: of_incident,
    query: z.strictObject(page_query.shape),
    answer: pageOf(ledger_entry).meta({ id: 'TimelinePage' }),
  }),
} satisfies Endpoints;
