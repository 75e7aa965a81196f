import { z } from 'zod';
import { asker_names } from '../activity/run-object.ts';
import { usd } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';

/** The explicit record that a run had no problem. It is no incident: no queue and no count of incidents holds it. */
export const run_outcome = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('run'),
    category: z.literal('EXECUTION_SUCCESS'),
    outcome_record: z.literal('SUCCESS'),
    source_run_id: idOf('run'),
    trace_id: idOf('trace'),
    project_id: idOf('project'),
    agent_id: idOf('agent').nullable(),
    actor_id: idOf('actor').nullable(),
    api_key_id: idOf('api_key'),
    session_id: idOf('session').nullable(),
    calls: z.int(),
    estimated_cost_usd: usd,
    is_synthetic: z.boolean(),
    created_at: instant,
    ended_at: instant,
    ...asker_names,
    url: z.string(),
  })
  .meta({ id: 'RunOutcome' });
