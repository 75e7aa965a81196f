import type { Plan, PlannedStep } from './plan.ts';

/** The name under which a plan is asked of a model, as a schema: built-in models know it. */
export const plan_name = 'aos_plan';

/** More parts than this are planned as one. */
const parts_max = 12;

/**
 * A plan made from the words of a goal, the same for the same goal: parts joined by "and" or "," stand beside each
 * other, those after "then" wait for the ones before, and a last step puts several results together. It stands in for a
 * model where there is none: the built-in models plan with it, and a simulation assumes it.
 */
export function planGoal(goal: string, skills: readonly string[]): Plan {
  const stages = goal
    .split(/\b(?:and\s+)?then\b|;|\n+|\.\s+/i)
    .map((stage) =>
      stage
        .split(/\s*,\s*(?:and\s+)?|\s+and\s+/i)
        .map(clean)
        .filter((part) => part !== ''),
    )
    .filter((parts) => parts.length > 0);
  const parts = stages.flat();
  if (parts.length === 0 || parts.length > parts_max) return { steps: [stepFor(goal, 0, [], skills, new Set())] };
  const names = new Set<string>();
  const steps: PlannedStep[] = [];
  let before: string[] = [];
  for (const stage of stages) {
    const made = stage.map((part, n) => stepFor(part, steps.length + n, before, skills, names));
    steps.push(...made);
    before = made.map(({ id }) => id);
  }
  if (before.length > 1 || stages.length > 1) steps.push(lastStep(goal, steps));
  return { steps };
}

const clean = (part: string): string => part.trim().replace(/[.!?\s]+$/, '');

const seconds_in: Record<string, number> = { second: 1, minute: 60, hour: 3_600 };

function stepFor(
  part: string,
  n: number,
  depends_on: readonly string[],
  skills: readonly string[],
  names: Set<string>,
): PlannedStep {
  const id = nameFor(part, n, names);
  const common = { id, depends_on: [...depends_on], on_error: 'fail' as const, retries: 0 };
  const [, count, unit = ''] = /^wait (?:for )?(\d+) (second|minute|hour)s?$/i.exec(part) ?? [];
  const seconds = Number(count) * (seconds_in[unit.toLowerCase()] ?? 1);
  if (count !== undefined && skills.includes('wait') && seconds <= 3_600)
    return { ...common, skill: 'wait', params: { seconds } };
  return { ...common, skill: 'llm', params: { prompt: part } };
}

function lastStep(goal: string, steps: readonly PlannedStep[]): PlannedStep {
  const waited_for = new Set(steps.flatMap((step) => step.depends_on));
  const ends = steps.filter(({ id }) => !waited_for.has(id)).map(({ id }) => id);
  const prompt = `Put the results together into one answer to: ${goal}`;
  return { id: 'answer', skill: 'llm', params: { prompt }, depends_on: ends, on_error: 'fail', retries: 0 };
}

/** Short words say little about a part. */
const telling = /[a-z][a-z0-9]{2,}/g;

function nameFor(part: string, n: number, names: Set<string>): string {
  const words = part.toLowerCase().match(telling)?.slice(0, 3) ?? [];
  const wanted = words.join('_').slice(0, 30) || `step_${n + 1}`;
  let name = wanted;
  for (let more = 2; names.has(name) || name === 'answer'; more++) name = `${wanted}_${more}`;
  names.add(name);
  return name;
}

/** How often a plan that goes in circles does the same; more than a usual cap on steps. */
const circles = 20;

/** The plan of a model that has lost its way: one small step, again and again, each after the one before. */
export function planInCircles(goal: string): Plan {
  const steps = Array.from({ length: circles }, (_, n) => ({
    id: `search_${n + 1}`,
    skill: 'llm' as const,
    params: { prompt: goal, max_tokens: 16 },
    depends_on: n === 0 ? [] : [`search_${n}`],
    on_error: 'fail' as const,
    retries: 0,
  }));
  return { steps };
}
