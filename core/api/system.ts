import { z } from 'zod';
import { count } from '../base/column.ts';
import { instant } from '../base/time.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const seconds = z.number().nullable();

/** What is true of all tenants together is told to those who run the installation, and to nobody else. */
const of_installation = 'Null for all but owners and admins of the first tenant';

const system = z
  .object({
    version: z.string(),
    node: z.string().meta({ description: 'Version of Node.js' }),
    instance_id: z.string().meta({ description: 'The process that answers' }),
    database: z.object({
      version: z.string(),
      answered_in_ms: z.number().meta({ description: 'One round trip, just now' }),
      clock_ahead_ms: z.number().meta({ description: "How far this process's clock is ahead of the database's" }),
      size_bytes: count.nullable().meta({ description: of_installation }),
    }),
    processes: z
      .array(
        z.object({
          id: z.string(),
          version: z.string(),
          roles: z.string(),
          started_at: instant,
          heartbeat_at: instant,
          alive: z.boolean(),
        }),
      )
      .nullable()
      .meta({ description: of_installation }),
    queue: z.object({
      runs_queued: count,
      runs_running: count,
      open_holds: count,
      oldest_hold_at: instant.nullable(),
      deliveries_pending: count,
      deliveries_dead: count,
    }),
    added: z
      .object({ calls: count, p50_seconds: seconds, p95_seconds: seconds, p99_seconds: seconds })
      .nullable()
      .meta({
        description: `Time that governed calls of this process spent here and not at their provider. ${of_installation}`,
      }),
    generated_at: instant,
  })
  .meta({ id: 'System' });

/** How the installation is. */
export const system_endpoints = {
  getSystem: endpoint({
    method: 'GET',
    path: '/api/v1/system',
    summary: 'How the system is: database, processes, what waits, and what a decision costs',
    permission: 'read_logs',
    answer: system,
  }),
} satisfies Endpoints;
