import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { display_name, namesSomething, owner, reason, slug, url } from './slug.ts';

/** Whether the text of prompts and answers is stored besides its hash: so far it never is. */
const content_mode = z.enum(['none']);

/** Output tokens assumed, and sent, for a call under a limit whose caller gave no bound. */
const default_output_bound = z.int().min(16).max(1_000_000);

/** Names the demo or test that everything in a project belongs to. */
const scenario_id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must be 1 to 64 letters, digits or . _ -');

const two_person_rule = z.boolean().meta({
  description: 'Whoever wrote a policy that may reach calls of the project cannot put it in force: somebody else must',
});

export const project = z.object({
  id: idOf('project'),
  slug,
  name: z.string(),
  owner: owner.nullable(),
  content_mode,
  /** Agents, actors and sessions not seen before are registered by their first call. */
  auto_register: z.boolean(),
  default_output_bound,
  two_person_rule,
  two_person_rule_end: z
    .object({ asked_by: idOf('api_key'), asked_by_name: z.string(), asked_at: instant, reason: z.string() })
    .nullable()
    .meta({ description: 'Who asked to turn the rule off. It holds until somebody else asks the same; null: nobody' }),
  /** Everything that happens in the project is synthetic, and belongs to this demo or scenario; null: it is real. */
  synthetic_scenario_id: scenario_id.nullable(),
  /** Since then nothing more happens in it, and its data show nowhere by default; null: in use. */
  retired_at: instant.nullable(),
  created_at: instant,
  url,
});
export type Project = z.infer<typeof project>;

const settings = {
  name: display_name.optional(),
  owner: owner.nullable().optional(),
  content_mode: content_mode.optional(),
  auto_register: z.boolean().optional(),
  default_output_bound: default_output_bound.optional(),
  two_person_rule: two_person_rule.optional(),
};

export const new_project = z.strictObject({
  slug,
  ...settings,
  synthetic_scenario_id: scenario_id
    .optional()
    .meta({ description: 'All that happens in the project is marked synthetic, from now on and for good' }),
});

/** What is not named stays as it is. */
export const project_change = z
  .strictObject({ ...settings, reason: reason.optional() })
  .refine(({ reason: _, ...named }) => namesSomething(named), 'must name what to change')
  .refine(({ two_person_rule: rule, reason: why }) => rule === undefined || why !== undefined, {
    path: ['reason'],
    message: 'must say why the two-person rule is turned on or off',
  });
