import { z } from 'zod';
import { concurrency } from './concurrency.ts';
import { cost_usd } from './cost.ts';
import type { LimitOf, LimitType } from './define.ts';
import { requests } from './requests.ts';
import { tokens_input, tokens_output, tokens_total } from './tokens.ts';

/** Every type of limit. A new one is its file and its name here. */
const types: [LimitType, ...LimitType[]] = [tokens_input, tokens_output, tokens_total, cost_usd, requests, concurrency];

export const limit_types: ReadonlyMap<string, LimitType> = new Map(types.map((of) => [of.type, of]));

/** The limit of a control, checked by the schema of its own type. */
export const limit_schema = z.discriminatedUnion(
  'type',
  types.map((of) => of.schema) as never,
) as unknown as z.ZodType<LimitOf>;
