import { z } from 'zod';
import { any_json, type Json } from '../base/json.ts';
import { didYouMean } from '../base/nearest.ts';

/** A plan has at most so many steps. */
const plan_steps_max = 25;

const step_id = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be 1 to 40 lower-case letters, digits or _, beginning with a letter');

/** One step as it is planned: a skill with its parameters, after the steps it depends on. */
export const planned_step = z.strictObject({
  id: step_id,
  skill: z.string().min(1).max(40),
  params: z.record(z.string(), any_json).default({}),
  depends_on: z.array(step_id).max(plan_steps_max).default([]),
  on_error: z.enum(['fail', 'continue']).default('fail'),
  retries: z.int().min(0).max(3).default(0),
});
export type PlannedStep = z.infer<typeof planned_step>;

/** What a run does: steps that form no circle. */
export const plan = z.strictObject({ steps: z.array(planned_step).min(1).max(plan_steps_max) }).meta({ id: 'Plan' });
export type Plan = z.infer<typeof plan>;

/** A skill as a plan may use it. */
export interface SkillForm {
  name: string;
  params: z.ZodType;
}

/** A reference to the output of an earlier step: the whole of it, or the part that a JMESPath expression names. */
const reference = z.strictObject({ $from: step_id, path: z.string().min(1).max(500).optional() });
export type Reference = z.infer<typeof reference>;

/** A parameter that stands for what an earlier step gives; null: it is a value of its own. */
export const asReference = (value: unknown): Reference | null => {
  const { success, data } = reference.safeParse(value);
  return success ? data : null;
};

/** The steps that parameters refer to. */
function referencesIn(value: Json): Reference[] {
  const found = asReference(value);
  if (found) return [found];
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(referencesIn) : [];
}

/**
 * What keeps a plan from being carried out, each with its place, the reason and what to do. Parameters with references
 * are checked when their step begins, because only then they have values.
 */
export function planProblems({ steps }: Plan, skills: ReadonlyMap<string, SkillForm>): string[] {
  const ids = steps.map(({ id }) => id);
  const problems = steps.flatMap((step, n) => stepProblems(step, n, ids, skills));
  const circle = circleIn(steps);
  if (circle) problems.push(`steps: ${circle.join(' → ')} wait for each other: remove one of these depends_on`);
  return problems;
}

function stepProblems(
  step: PlannedStep,
  n: number,
  ids: readonly string[],
  skills: ReadonlyMap<string, SkillForm>,
): string[] {
  const place = `steps[${n}]`;
  const problems: string[] = [];
  if (ids.indexOf(step.id) !== n) problems.push(`${place}.id: "${step.id}" is the id of an earlier step too`);
  for (const id of step.depends_on)
    if (!ids.includes(id)) problems.push(`${place}.depends_on: there is no step "${id}"${didYouMean(id, ids)}`);
  const references = referencesIn(step.params);
  for (const { $from } of references)
    if (!step.depends_on.includes($from))
      problems.push(`${place}.params: refers to "${$from}", which must stand in depends_on`);
  const skill = skills.get(step.skill);
  if (!skill) {
    const names = [...skills.keys()];
    problems.push(`${place}.skill: "${step.skill}" is none of the skills allowed here (${names.join(', ')})`);
  } else if (references.length === 0) {
    const { error } = skill.params.safeParse(step.params);
    for (const issue of error?.issues ?? [])
      problems.push(`${place}.params${issue.path.map((part) => `.${String(part)}`).join('')}: ${issue.message}`);
  }
  return problems;
}

function circleIn(steps: readonly PlannedStep[]): string[] | null {
  const after = new Map(steps.map((step) => [step.id, step.depends_on]));
  const done = new Set<string>();
  const walk = (id: string, path: string[]): string[] | null => {
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id];
    if (done.has(id)) return null;
    for (const before of after.get(id) ?? []) {
      const circle = walk(before, [...path, id]);
      if (circle) return circle;
    }
    done.add(id);
    return null;
  };
  for (const { id } of steps) {
    const circle = walk(id, []);
    if (circle) return circle;
  }
  return null;
}

/** How a planned step stands. `skipped`: a step before it failed. */
export type StepState = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped';

/** Steps that may begin now: everything they depend on has ended, well or by `on_error: continue`. */
export function readySteps({ steps }: Plan, states: ReadonlyMap<string, StepState>): PlannedStep[] {
  const by_id = new Map(steps.map((step) => [step.id, step]));
  const lets = (id: string): boolean => {
    const state = states.get(id);
    return state === 'succeeded' || (state === 'failed' && by_id.get(id)?.on_error === 'continue');
  };
  return steps.filter((step) => (states.get(step.id) ?? 'pending') === 'pending' && step.depends_on.every(lets));
}
