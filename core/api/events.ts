import { z } from 'zod';
import { run_event, tenant_event } from '../activity/event.ts';
import { idOf } from '../base/id.ts';
import { type Endpoints, eventStream } from './endpoint.ts';

/**
 * What happens, as server-sent events (`text/event-stream`). Each is `event: <type>` and `data: <JSON with type, id, at,
 * url>`. A `heartbeat` comes every two seconds. Whoever comes back with `Last-Event-ID` gets what came after it, at
 * least once; without it the stream of a run begins with the first thing that happened, the stream of a tenant with now.
 */
export const event_endpoints = {
  followRun: eventStream({
    path: '/api/v1/runs/:id/events',
    summary: 'What happens in a run, from its beginning or after Last-Event-ID; closes after run.ended',
    permission: 'read_own_runs',
    params: z.strictObject({ id: idOf('run') }),
    events: run_event,
  }),
  followTenant: eventStream({
    path: '/api/v1/events',
    summary: 'What happens from now on: runs, decisions, incidents, changes of policies',
    permission: 'read',
    events: tenant_event,
  }),
} satisfies Endpoints;
