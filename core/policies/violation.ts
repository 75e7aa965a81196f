import { z } from 'zod';
import { categories, severities } from '../activity/run.ts';
import { idOf, idOrDefault } from '../base/id.ts';
import { instant } from '../base/time.ts';

/** The stored fact that a control fired: the columns of `violations`. Its page is that of its decision. */
export const violation = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('violation'),
    run_id: idOf('run'),
    step_id: idOf('step').nullable(),
    decision_id: idOf('decision'),
    policy_id: idOrDefault('policy'),
    policy_version: z.int(),
    control_id: idOrDefault('control'),
    control_type: z.string(),
    mode: z.string(),
    action: z.string(),
    category: z.enum(categories),
    severity: z.enum(severities),
    subject: z.string(),
    unit: z.string().nullable(),
    limit_value: z.string().nullable(),
    used: z.string().nullable(),
    requested: z.string().nullable(),
    is_synthetic: z.boolean(),
    occurred_at: instant,
    incident_id: idOf('incident').nullable(),
    url: z.string(),
  })
  .meta({ id: 'Violation' });
