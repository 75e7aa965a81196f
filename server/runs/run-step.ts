import { setTimeout as pause } from 'node:timers/promises';
import { chatText } from '@aos/core/activity/chat-text.ts';
import { asReference, type PlannedStep } from '@aos/core/activity/plan.ts';
import { present } from '@aos/core/base/assert.ts';
import type { Json, JsonObject } from '@aos/core/base/json.ts';
import type { Action } from '@aos/core/policies/action.ts';
import jmespath from 'jmespath';
import { failpoint } from '../base/failpoint.ts';
import { sealContext } from '../base/vault.ts';
import { governAct } from '../govern/act.ts';
import type { StepAct } from '../govern/act-outcome.ts';
import type { Govern } from '../govern/govern.ts';
import { lookAct } from '../govern/look.ts';
import { askIfPaused } from '../govern/paused.ts';
import { mayRepeat, type Skill } from '../skills/define.ts';
import { skills } from '../skills/index.ts';
import { beginStep, finishStep, type StepResult } from '../store/managed-runs.ts';
import { type Answered, askModel, lookAtModel } from './ask-model.ts';
import { namesModel } from './open-run.ts';
import { whileClaimed, write } from './while-claimed.ts';
import { LostClaim, type Work } from './work.ts';

/** How a planned step ended. A refusal ends the run; a failure does as the step says. */
export type StepEnd = Answered;

/** Waits between tries of a step that failed. */
const backoff_ms = [1_000, 2_000, 4_000];

/** Tries a step as often as it may be tried. Its intent is written before, its result with its settlement. */
export async function runStep(govern: Govern, work: Work, step: PlannedStep): Promise<StepEnd> {
  const skill = present(skills.get(step.skill), `skill ${step.skill}`);
  const tries = mayRepeat(skill, step.params) ? step.retries : 0;
  for (let attempt = 0; ; attempt++) {
    const begun = await write(govern, work, (tx) => beginStep(tx, work.lease, step.id));
    if (!begun) throw new LostClaim();
    failpoint(govern.config.failpoint, 'after_intent');
    // Throws only before anything was done: what has been done waits for its settlement.
    const end = await whileClaimed(govern, work, () => tryStep(govern, work, step, skill, attempt >= tries));
    if (end.kind === 'done') work.outputs.set(step.id, end.output);
    if (end.kind === 'failed' && work.signal.aborted) throw new LostClaim();
    if (end.kind !== 'failed' || attempt >= tries) {
      if (end.kind === 'failed') await keepFailure(govern, work, step, end.error);
      return end;
    }
    await pause(backoff_ms[attempt] ?? 4_000, undefined, { signal: work.signal });
  }
}

async function tryStep(
  govern: Govern,
  work: Work,
  step: PlannedStep,
  skill: Skill,
  is_last: boolean,
): Promise<StepEnd> {
  const params = paramsOf(work, step, skill);
  if ('error' in params) return { kind: 'failed', error: params.error };
  const { caller, run } = work;
  if (skill.ask) {
    const asking = askingOf(work, step, skill, params.value);
    const model = asking.ask.model ?? run.model;
    if (!namesModel(caller.models, model))
      return { kind: 'failed', error: { code: 'model_not_allowed', message: `the agent may not use "${model}"` } };
    const planned = {
      name: step.id,
      result: (step_id: string, body: Buffer) =>
        resultOf(govern, work, step.id, step_id, chatText(body.toString('utf8'))),
    };
    return askModel(govern, { ...asking, planned, streams: true });
  }
  const acted = await governAct(govern, {
    ...actOf(work, step, skill),
    kind: skill.kind as never,
    identityAt: caller.identityAt,
    work: (signal) =>
      present(skill.work, 'what a skill does')(params.value, {
        signal: AbortSignal.any([signal, work.signal]),
        outbound: govern.outbound,
      }),
    planned: (step_id, ended) => {
      if ('output' in ended) return resultOf(govern, work, step.id, step_id, ended.output);
      // Broken off by a worker that has to leave: the next one begins it anew, unless it may happen only once.
      if (work.lost.aborted && mayRepeat(skill, step.params)) return null;
      // It has not failed while it is to be tried again: a step that has failed is not begun any more.
      if (!work.lost.aborted && !is_last) return null;
      const error = work.lost.aborted ? outcome_unknown : ended.error;
      return { ...work.lease, name: step.id, state: 'failed', step_id, output_envelope: null, error };
    },
  });
  switch (acted.kind) {
    case 'done':
      return { kind: 'done', output: acted.output };
    case 'failed':
      return { kind: 'failed', error: acted.error };
    case 'refused':
      return {
        kind: 'refused',
        code: acted.problem.code,
        message: acted.problem.message,
        decision_id: String(acted.problem.details?.decision_id),
      };
    case 'run_closed':
      throw new LostClaim();
  }
}

const askingOf = (work: Work, step: PlannedStep, skill: Skill, params: unknown) => {
  const { caller, run, request_id } = work;
  return { caller, run, request_id, ask: present(skill.ask, 'what a model is asked')(params, resultsFor(work, step)) };
};

const actOf = ({ caller, run, request_id }: Work, step: PlannedStep, skill: Skill): StepAct => ({
  ...{
    asker: caller.asker,
    kind: skill.kind,
    skill: skill.name,
    params: { step: step.id },
    tags: run.tags,
    request_id,
  },
});

/** What would be decided about a step of a run that waits; nothing is held, done or recorded, and a person asked if need be. */
export async function lookAtStep(govern: Govern, work: Work, step: PlannedStep): Promise<Action> {
  const skill = present(skills.get(step.skill), `skill ${step.skill}`);
  const params = paramsOf(work, step, skill);
  if ('error' in params) return 'continue';
  if (skill.ask) return lookAtModel(govern, askingOf(work, step, skill, params.value));
  const control = await govern.controls.of(work.tenant_id);
  const act = actOf(work, step, skill);
  const { call, decision } = await lookAct(govern, control, act);
  await askIfPaused(govern, { call, control, asked: act }, decision);
  return decision.verdict;
}

/** The results of the steps that a step depends on. */
const resultsFor = ({ outputs }: Work, { depends_on }: PlannedStep): Record<string, Json> =>
  Object.fromEntries(depends_on.flatMap((id) => (outputs.has(id) ? [[id, outputs.get(id) ?? null]] : [])));

type Params = { value: unknown } | { error: { code: string; message: string } };

/** Parameters with what they refer to in its place, checked by the skill. */
function paramsOf({ outputs }: Work, step: PlannedStep, skill: Skill): Params {
  try {
    const { success, data, error } = skill.params.safeParse(filled(step.params as Json, outputs));
    if (success) return { value: data };
    const [issue] = error.issues;
    const message = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as the skill takes it'}`;
    return { error: { code: 'params_invalid', message } };
  } catch (error) {
    return { error: { code: 'params_invalid', message: (error as Error).message } };
  }
}

function filled(value: Json, outputs: ReadonlyMap<string, Json>): Json {
  const reference = asReference(value);
  if (reference) {
    const whole = outputs.get(reference.$from) ?? null;
    return reference.path === undefined ? whole : ((jmespath.search(whole, reference.path) ?? null) as Json);
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, outputs));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, filled(of, outputs)])) as JsonObject;
}

function resultOf(govern: Govern, { tenant_id, lease }: Work, name: string, step_id: string, output: Json): StepResult {
  const context = sealContext(tenant_id, 'planned_steps', `${lease.run_id}.${name}`);
  return {
    ...lease,
    name,
    state: 'succeeded',
    step_id,
    output_envelope: govern.vault.seal(JSON.stringify(output), context),
    error: null,
  };
}

/** Something that may happen only once was begun, and nobody knows whether it has: a person has to look. */
export const outcome_unknown = {
  code: 'outcome_unknown',
  message: 'its worker ended while it was under way, and it may happen only once: look whether it has, then retry',
};

/** A failure that no settlement has written: of the provider, or before anything was asked. */
export function keepFailure(
  govern: Govern,
  work: Pick<Work, 'tenant_id' | 'lease' | 'lost' | 'run'>,
  { id }: { id: string },
  error: { code: string; message: string },
) {
  return write(govern, work, (tx) =>
    finishStep(tx, { ...work.lease, name: id, state: 'failed', step_id: null, output_envelope: null, error }),
  );
}
