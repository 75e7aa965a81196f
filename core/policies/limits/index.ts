import { z } from 'zod';
import { present } from '../../base/assert.ts';
import type { Window } from '../../base/window.ts';
import { burn_rate } from './burn-rate.ts';
import { concurrency } from './concurrency.ts';
import { cost_usd } from './cost.ts';
import type { LimitOf, LimitType } from './define.ts';
import { duration } from './duration.ts';
import { requests } from './requests.ts';
import { steps } from './steps.ts';
import { tokens_input, tokens_output, tokens_total } from './tokens.ts';
import { tool_calls } from './tool-calls.ts';

/** Every type of limit. A new one is its file and its name here. */
const types: [LimitType, ...LimitType[]] = [
  tokens_input,
  tokens_output,
  tokens_total,
  cost_usd,
  burn_rate,
  requests,
  concurrency,
  steps,
  tool_calls,
  duration,
];

export const limit_types: ReadonlyMap<string, LimitType> = new Map(types.map((of) => [of.type, of]));

/** How a limit counts. */
export function typeOf(limit: LimitOf): LimitType {
  const type = present(limit_types.get(limit.type), `limit type ${limit.type}`);
  return type.as?.(limit) ?? type;
}

/** The limit of a control, checked by the schema of its own type. */
export const limit_schema = z.discriminatedUnion(
  'type',
  types.map((of) => of.schema) as never,
) as unknown as z.ZodType<LimitOf>;

/** The window the books count a limit in; undefined for one that counts what is in flight. */
export const countedOver = (limit: LimitOf): Window | undefined => typeOf(limit).counted_over?.(limit) ?? limit.window;
