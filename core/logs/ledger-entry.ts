import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';

export const actor_types = ['human', 'service', 'system'] as const;

/** Who did what to which object: the columns of `audit_ledger`, with names and the pages of the entry and of its object. */
export const ledger_entry = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('event'),
    event: z.string().meta({ examples: ['POLICY_ACTIVATED', 'RUN_KILLED'] }),
    actor_type: z.enum(actor_types),
    actor_id: z.string(),
    object_type: z.string(),
    object_id: z.string(),
    api_key_id: z.string().nullable(),
    agent_id: z.string().nullable(),
    project_id: z.string().nullable(),
    run_id: z.string().nullable(),
    before: z.unknown(),
    after: z.unknown(),
    reason: z.string().nullable(),
    request_id: z.string().nullable(),
    occurred_at: instant,
    recorded_at: instant,
    actor_name: z
      .string()
      .nullable()
      .meta({ description: 'What people call the key, actor or policy that acted; null: it has no name' }),
    api_key_name: z.string().nullable(),
    url: z.string(),
    object_url: z.string(),
  })
  .meta({ id: 'LedgerEntry' });
export type LedgerEntry = z.infer<typeof ledger_entry>;
