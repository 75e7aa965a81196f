import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { display_name, reference, slug, url } from './slug.ts';

/** The software that calls. It belongs to one project. */
export const agent = z.object({
  id: idOf('agent'),
  project_id: idOf('project'),
  slug: z.string(),
  name: z.string(),
  auto_registered: z.boolean(),
  created_at: instant,
  url,
});
export type Agent = z.infer<typeof agent>;

export const new_agent = z.strictObject({
  slug,
  name: display_name.optional(),
  /** Id or slug; absent: the project of the key. */
  project_id: reference.optional(),
});
