import { z } from 'zod';
import type { Detector, RuleOf } from './define.ts';
import { model_access } from './model-access.ts';

/** Every type of rule. A new one is its file and its name here. */
const all: [Detector, ...Detector[]] = [model_access];

export const detectors: ReadonlyMap<string, Detector> = new Map(all.map((of) => [of.type, of]));

/** The rule of a control, checked by the schema of its own type. */
export const rule_schema = z.discriminatedUnion(
  'type',
  all.map((of) => of.schema) as never,
) as unknown as z.ZodType<RuleOf>;
