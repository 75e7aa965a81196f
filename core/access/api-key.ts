import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { role } from './permission.ts';
import { display_name, reason, reference, url } from './slug.ts';

const references = z.array(reference).max(100);

/** The credential of a program or a person. The key itself is shown once, when it is made, and not kept. */
export const api_key = z.object({
  id: idOf('api_key'),
  /** The first key of its chain of rotations: policies and counters follow it. */
  lineage_id: idOf('api_key'),
  /** Null: a key of the whole tenant. */
  project_id: idOf('project').nullable(),
  name: z.string(),
  role,
  /** Its first eight and last four characters. */
  hint: z.string(),
  /** The agents and actors it may call as; empty: any, and what its caller says is a claim. */
  agent_ids: z.array(idOf('agent')),
  actor_ids: z.array(idOf('actor')),
  created_by: z.string().nullable(),
  created_at: instant,
  expires_at: instant.nullable(),
  revoked_at: instant.nullable(),
  last_used_at: instant.nullable(),
  last_used_ip: z
    .string()
    .nullable()
    .meta({ description: 'From where; null: not known, or the caller may not read logs' }),
  last_used_client: z
    .string()
    .nullable()
    .meta({ description: 'The program, as its User-Agent says; null: not known, or the caller may not read logs' }),
  rotated_from: idOf('api_key').nullable(),
  url,
});
export type ApiKey = z.infer<typeof api_key>;

export const key_states = ['live', 'expired', 'revoked'] as const;

/** With the key itself, this once. */
export const made_api_key = api_key.extend({ secret: z.string() });

export const new_api_key = z.strictObject({
  name: display_name,
  role: role.default('service'),
  /** Id or slug; null: the whole tenant; absent: the project of the key that makes it. */
  project_id: reference.nullable().optional(),
  /** Ids or slugs; a slug not seen yet is registered. */
  agent_ids: references.default([]),
  actor_ids: references.default([]),
  expires_at: instant.optional(),
});

/** How long both keys work after a rotation, at most: 30 days. */
const longest_overlap_s = 2_592_000;

export const key_rotation = z.strictObject({
  reason,
  overlap_seconds: z.int().min(0).max(longest_overlap_s).default(0),
});

export const key_revocation = z.strictObject({ reason });

/** A list that is given replaces the one before; empty unbinds. */
export const key_binding = z
  .strictObject({ agent_ids: references.optional(), actor_ids: references.optional(), reason })
  .refine((body) => body.agent_ids ?? body.actor_ids, 'must name agent_ids, actor_ids or both');
