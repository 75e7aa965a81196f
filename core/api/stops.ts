import { z } from 'zod';
import { reason, reference } from '../access/slug.ts';
import { count, usd } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { stop_object } from '../policies/stop.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const url = z.string().meta({ description: 'Page of the console' });
const containment = stop_object.extend({ url });

/**
 * What was confirmed, and nothing else: a call is ended when its process says so. Whether the agent's own program has
 * stopped is not known here.
 */
const receipt = z
  .object({
    id: idOf('stop'),
    stop: stop_object,
    acknowledged_at: instant,
    calls_denied: z.literal(true).meta({ description: 'No call that it concerns is admitted from ordered_at on' }),
    calls_aborted: z.int().meta({ description: 'Plain calls whose connection to the provider was closed' }),
    streams_cut: z.int().meta({ description: 'Streams whose connection to the provider was closed' }),
    processes_asked: z.int(),
    processes_confirmed: z.int(),
    process_confirmed: z
      .boolean()
      .nullable()
      .meta({ description: "Whether the agent's own program stopped; null: not known" }),
    complete: z.boolean().meta({ description: 'Every process has confirmed' }),
    message: z.string(),
    url,
  })
  .meta({ id: 'StopReceipt' });
export type Receipt = z.infer<typeof receipt>;

const in_flight = z
  .object({
    calls: count.meta({ description: 'Calls of the run, and of those that end with it, that wait for their provider' }),
    at_most_usd: usd.meta({
      description: 'What they cost at most, as it was estimated: when they are cut, the provider may still bill it',
    }),
    unpriced_calls: count.meta({ description: 'Those whose model has no price: not part of at_most_usd' }),
    runs: count.meta({ description: 'Runs that were asked for in it and have not ended: they end with it' }),
  })
  .meta({ id: 'InFlight' });

const because = z.strictObject({ reason });

const new_containment = z.strictObject({
  kind: z.enum(['tenant', 'agent', 'actor', 'api_key']),
  id: reference.optional().meta({ description: 'Id or slug of the agent, actor or key; none for the tenant' }),
  reason,
});

const one = z.strictObject({ id: idOf('stop') });

/** Stopping what runs. */
export const stop_endpoints = {
  getInFlight: endpoint({
    method: 'GET',
    path: '/api/v1/runs/:id/in-flight',
    summary: 'What killing a run would cut now: its calls in flight, what they cost at most, runs that end with it',
    permission: 'read',
    params: z.strictObject({ id: idOf('run') }),
    answer: in_flight,
  }),
  killRun: endpoint({
    method: 'POST',
    path: '/api/v1/runs/:id/kill',
    summary: 'End a run at once: its calls in flight are cut on every process, later ones are refused',
    permission: 'operate',
    params: z.strictObject({ id: idOf('run') }),
    body: because,
    answer: receipt,
  }),
  contain: endpoint({
    method: 'POST',
    path: '/api/v1/containments',
    summary: 'Stop all calls of an agent, an actor, a key or the tenant until they are released',
    permission: 'operate',
    body: new_containment,
    answer: receipt,
    status: 201,
  }),
  listContainments: endpoint({
    method: 'GET',
    path: '/api/v1/containments',
    summary: 'What is and was contained, newest first',
    permission: 'read',
    query: page_query.extend({ in_force: z.stringbool().optional() }),
    answer: pageOf(containment).meta({ id: 'ContainmentPage' }),
  }),
  getContainment: endpoint({
    method: 'GET',
    path: '/api/v1/containments/:id',
    summary: 'One containment',
    permission: 'read',
    params: one,
    answer: containment,
  }),
  release: endpoint({
    method: 'POST',
    path: '/api/v1/containments/:id/release',
    summary: 'Let the calls of what was contained pass again',
    permission: 'operate',
    params: one,
    body: because,
    answer: containment,
  }),
} satisfies Endpoints;
