import { chatText } from '@aos/core/activity/chat-text.ts';
import { type Plan, plan, planProblems, type SkillForm } from '@aos/core/activity/plan.ts';
import { plan_name } from '@aos/core/activity/plan-goal.ts';
import type { JsonObject } from '@aos/core/base/json.ts';
import type { Action } from '@aos/core/policies/action.ts';
import type { Govern } from '../govern/govern.ts';
import { paramsSchema } from '../skills/define.ts';
import { skills } from '../skills/index.ts';
import type { MadePlan, ManagedRun } from '../store/managed-runs.ts';
import { type Answered, askModel, lookAtModel } from './ask-model.ts';
import type { Work } from './work.ts';

/** Skills that a run may use, by name. */
export const allowedSkills = (names: readonly string[]): Map<string, SkillForm> =>
  new Map([...skills].filter(([name]) => names.includes(name)));

const instructions = `You plan how to reach a goal. Answer with a plan of at most 25 steps and nothing else. Each step uses one
skill. A step gets the results of the steps named in its depends_on; steps that do not depend on each other run at the same
time. The last step gives the result of the whole.`;

/** The schema of a plan for a model: each step is one of the allowed skills with its own parameters. */
function planSchema(names: readonly string[]): JsonObject {
  const allowed = [...skills.values()].filter(({ name }) => names.includes(name));
  const steps = allowed.map((skill) => ({
    type: 'object',
    additionalProperties: false,
    required: ['id', 'skill', 'params', 'depends_on'],
    properties: {
      id: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,39}$' },
      skill: { type: 'string', const: skill.name },
      params: paramsSchema(skill),
      depends_on: { type: 'array', items: { type: 'string' } },
    },
  }));
  return {
    type: 'object',
    additionalProperties: false,
    required: ['steps'],
    properties: { steps: { type: 'array', minItems: 1, maxItems: 25, items: { anyOf: steps } } },
  };
}

/** What the model of a run is asked for its plan. */
export const planAsk = ({ goal, skills: names }: Pick<ManagedRun, 'goal' | 'skills'>) => ({
  ask: {
    messages: [
      { role: 'system' as const, content: instructions },
      { role: 'user' as const, content: goal },
    ],
  },
  more: {
    response_format: { type: 'json_schema', json_schema: { name: plan_name, strict: true, schema: planSchema(names) } },
  },
});

export type Planned =
  | { kind: 'planned'; plan: Plan }
  | { kind: 'invalid'; problems: string[] }
  | Exclude<Answered, { kind: 'done' }>;

/** Asks the agent's model for a plan, which is kept by the settlement of that call. One that does not build fails the run: nothing else is put in its place. */
export async function makePlan(govern: Govern, { caller, run, lease, request_id }: Work): Promise<Planned> {
  const planned = {
    name: null,
    result: (_: string, body: Buffer): MadePlan | null => {
      const made = planIn(chatText(body.toString('utf8')) ?? '', run.skills);
      return made.kind === 'planned' ? { ...lease, plan: made.plan } : null;
    },
  };
  const answer = await askModel(govern, { caller, run, ...planAsk(run), request_id, planned });
  return answer.kind === 'done' ? planIn(String(answer.output), run.skills) : answer;
}

/** What would be decided about that call now. */
export const lookAtPlan = (govern: Govern, { caller, run, request_id }: Work): Promise<Action> =>
  lookAtModel(govern, { caller, run, ...planAsk(run), request_id });

function planIn(text: string, names: readonly string[]): Planned {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'invalid', problems: ['the answer is no JSON'] };
  }
  const { success, data, error } = plan.safeParse(value);
  if (!success)
    return { kind: 'invalid', problems: error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) };
  const problems = planProblems(data, allowedSkills(names));
  return problems.length > 0 ? { kind: 'invalid', problems } : { kind: 'planned', plan: data };
}
