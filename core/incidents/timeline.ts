import { z } from 'zod';
import { instant } from '../base/time.ts';

/** `story`: what a reader needs to understand the incident. `detail`: everything else that is known. */
export const timeline_levels = ['story', 'detail'] as const;

const timeline_kinds = ['ledger', 'violation', 'alert', 'delivery'] as const;

/** One thing that happened around an incident, wherever it is kept. */
export const timeline_entry = z
  .object({
    id: z.string().meta({ description: 'Of the ledger entry, violation, alert or delivery' }),
    at: instant,
    kind: z.enum(timeline_kinds),
    level: z.enum(timeline_levels),
    event: z.string().meta({ examples: ['INCIDENT_CREATED', 'VIOLATION', 'ALERT', 'DELIVERY'] }),
    text: z.string(),
    reason: z.string().nullable(),
    status: z.string().nullable().meta({ description: 'Of an alert or a delivery' }),
    actor_type: z.string().nullable(),
    actor_id: z.string().nullable(),
    actor_name: z.string().nullable().meta({ description: 'Its name, as a key or a human' }),
    object_id: z.string(),
    url: z.string(),
  })
  .meta({ id: 'TimelineEntry' });
