import type { Json, JsonObject } from '@aos/core/base/json.ts';
import { z } from 'zod';
import type { Outbound } from '../base/outbound/outbound.ts';
import type { StepRow } from '../store/steps.ts';

/** What a model is asked by a step. */
export interface ModelAsk {
  /** Absent: the model of the run. */
  model?: string | undefined;
  messages: { role: 'system' | 'user'; content: string }[];
  max_tokens?: number | undefined;
}

/** What a step of a run can do: its parameters, what it costs, how it can fail, and whether it may be done twice. */
export interface Skill<Params = unknown> {
  name: string;
  title: string;
  kind: StepRow['kind'];
  params: z.ZodType<Params>;
  /**
   * What a repetition would do outside: `none` and `repeatable` are begun anew when a worker died over them; what may
   * happen only `once` is not, for nobody knows whether it has.
   */
  effects: 'none' | 'repeatable' | 'once';
  /** Of a skill that may happen only once: whether these parameters make an exception. */
  mayRepeat?(params: Params): boolean;
  /** What it costs, in words. */
  cost: string;
  /** The codes it fails with, and what each means. */
  failures: Record<string, string>;
  /** Parameters that it takes, and some that it does not: run by the contract test of all skills. */
  examples: { good: Params[]; bad: unknown[] };
  /** Asks a model: governed as a call. `results` are those of the steps it depends on. */
  ask?(params: Params, results: Record<string, Json>): ModelAsk;
  /** Does anything else: governed as a step. Throws a SkillFailure. */
  work?(params: Params, around: Around): Promise<Json>;
}

/** What a skill works with. */
export interface Around {
  /** Aborts when the step is stopped. */
  signal: AbortSignal;
  /** The one way out, to addresses that a plan names. */
  outbound: Outbound;
}

/** Why a step failed, as its row and its run tell it. */
export class SkillFailure extends Error {
  override name = 'SkillFailure';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Keeps the type of the parameters inside the file that defines the skill; the registry sees the common one. */
export const defineSkill = <Params>(of: Skill<Params>): Skill => of as unknown as Skill;

/** Whether a step may be begun anew when nobody knows how it ended. What cannot be read may not. */
export function mayRepeat(skill: Skill, params: unknown): boolean {
  if (skill.effects !== 'once') return true;
  const { success, data } = skill.params.safeParse(params);
  return success && (skill.mayRepeat?.(data) ?? false);
}

/** The parameters as a JSON Schema, which tells a model, or a person, how to write them. */
export const paramsSchema = ({ params }: Skill): JsonObject => {
  const { $schema: _, ...schema } = z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' });
  return schema as JsonObject;
};
