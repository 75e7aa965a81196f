import { type Charge, heldCharges } from '@aos/core/activity/charge.ts';
import { isObject, type Json } from '@aos/core/base/json.ts';
import type { HeldCall } from '../store/usage.ts';

export interface WorstUsage {
  input_tokens: number;
  output_tokens: number;
  /** Null: the model has no price. */
  charges: Charge[] | null;
}

/** All that a call could have used, as it was estimated and granted. */
export function worstUsage({ estimate, output_bound }: HeldCall): WorstUsage {
  const of: { [key: string]: Json } = isObject(estimate) ? estimate : {};
  const output_tokens = output_bound * Number(of.choices ?? 1);
  const { price } = of;
  const bounds = isObject(price)
    ? { base_pico: BigInt(String(price.base_pico)), output_pico: BigInt(String(price.output_pico)) }
    : null;
  const charges = bounds && heldCharges(bounds, output_tokens);
  return { input_tokens: Number(of.input_tokens ?? 0), output_tokens, charges };
}
