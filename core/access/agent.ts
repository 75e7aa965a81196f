import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { display_name, namesSomething, owner, reference, slug, url } from './slug.ts';

/** The software that calls. It belongs to one project. */
export const agent = z.object({
  id: idOf('agent'),
  project_id: idOf('project'),
  slug: z.string(),
  name: z.string(),
  owner: owner.nullable(),
  auto_registered: z.boolean(),
  skills: z.array(z.string()).nullable().meta({ description: 'What its runs may do; null: what is safe for all' }),
  models: z.array(z.string()).nullable().meta({ description: 'Models its runs may ask; null: all' }),
  default_model: z.string().nullable(),
  created_at: instant,
  url,
});
export type Agent = z.infer<typeof agent>;

const names = z.array(z.string().min(1).max(200)).max(100).nullable().optional();
/** What is said of an agent besides its name; null takes it away. */
const settings = {
  owner: owner.nullable().optional(),
  skills: names,
  models: names,
  default_model: z.string().min(1).max(200).nullable().optional(),
};

export const agent_change = z
  .strictObject({ name: display_name.optional(), ...settings })
  .refine(namesSomething, 'must name something to change');

export const new_agent = z.strictObject({
  slug,
  name: display_name.optional(),
  ...settings,
  /** Id or slug; absent: the project of the key. */
  project_id: reference.optional(),
});
