import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { display_name, namesSomething, slug, url } from './slug.ts';

/** Whether the text of prompts and answers is stored besides its hash: so far it never is. */
const content_mode = z.enum(['none']);

/** Output tokens assumed, and sent, for a call under a limit whose caller gave no bound. */
const default_output_bound = z.int().min(16).max(1_000_000);

export const project = z.object({
  id: idOf('project'),
  slug,
  name: z.string(),
  content_mode,
  /** Agents, actors and sessions not seen before are registered by their first call. */
  auto_register: z.boolean(),
  default_output_bound,
  created_at: instant,
  url,
});
export type Project = z.infer<typeof project>;

const settings = {
  name: display_name.optional(),
  content_mode: content_mode.optional(),
  auto_register: z.boolean().optional(),
  default_output_bound: default_output_bound.optional(),
};

export const new_project = z.strictObject({ slug, ...settings });

/** What is not named stays as it is. */
export const project_change = z.strictObject(settings).refine(namesSomething, 'must name what to change');
