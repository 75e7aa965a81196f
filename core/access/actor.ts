import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { display_name, slug, url } from './slug.ts';

const actor_kind = z.enum(['human', 'service', 'system']);

/** On whose behalf an agent calls: a human, mostly. */
export const actor = z.object({
  id: idOf('actor'),
  slug: z.string(),
  name: z.string(),
  kind: actor_kind,
  auto_registered: z.boolean(),
  created_at: instant,
  url,
});
export type Actor = z.infer<typeof actor>;

export const new_actor = z.strictObject({
  slug,
  name: display_name.optional(),
  kind: actor_kind.default('human'),
});
