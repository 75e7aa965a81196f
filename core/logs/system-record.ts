import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';

export const components = ['API', 'GATEWAY', 'WORKER', 'SCHEDULER', 'DB', 'AUTH', 'MIGRATION'] as const;
export const system_events = [
  'STARTUP',
  'SHUTDOWN',
  'DEPLOYMENT',
  'MIGRATION',
  'AUTH_CHANGE',
  'CONFIG_CHANGE',
  'ERROR',
  'HEALTH_CHECK',
  'DEGRADED_ENTER',
  'DEGRADED_EXIT',
] as const;
export const system_severities = ['INFO', 'WARN', 'CRITICAL'] as const;
const causes = ['SYSTEM', 'HUMAN', 'AUTOMATION'] as const;

/** Something that happened to the system: the columns of `system_records` and the page that shows it. */
export const system_record = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('event'),
    component: z.enum(components),
    event_type: z.enum(system_events),
    severity: z.enum(system_severities),
    summary: z.string(),
    details: z.unknown(),
    caused_by: z.enum(causes),
    correlation_id: z.string().nullable(),
    occurred_at: instant,
    url: z.string(),
  })
  .meta({ id: 'SystemRecord' });
