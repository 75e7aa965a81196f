import { ceilDiv, nanoOfUsd } from '@aos/core/base/money.ts';
import type { Sql } from './installation.ts';

interface StoredRefusal {
  id: string;
  call: { model: string; provider: string };
  estimate: {
    input_tokens: number;
    input_bound: 'bytes' | 'tokens';
    choices: number;
    output_tokens: { wanted: number; floor: number };
    price: { base_pico: string; output_pico: string };
  };
  contributions: {
    control_id: string;
    fired: boolean;
    limit: string;
    used: string;
    reserved: string;
    requested: string;
  }[];
}

/**
 * Every stored refusal that was not needed: the room that was left would have paid the call at its least useful output
 * bound. What the call needs is worked out again from its stored estimate.
 */
export async function needlessRefusals(sql: Sql, control_id: string): Promise<{ refusals: number; broken: string[] }> {
  const rows = await sql<StoredRefusal>(
    "select id, call, estimate, contributions from decisions where verdict = 'block'",
  );
  return { refusals: rows.length, broken: rows.flatMap((row) => whyNeedless(row, control_id)) };
}

function whyNeedless({ id, call, estimate, contributions }: StoredRefusal, control_id: string): string[] {
  const said = contributions.find((of) => of.control_id === control_id);
  if (!said?.fired) return [`${id} was refused, but not by ${control_id}`];
  const { price, output_tokens, choices } = estimate;
  const least = ceilDiv(
    BigInt(price.base_pico) + BigInt(price.output_pico) * BigInt(output_tokens.floor * choices),
    1000n,
  );
  const room = nanoOfUsd(said.limit) - nanoOfUsd(said.used) - nanoOfUsd(said.reserved);
  const wrong: string[] = [];
  if (nanoOfUsd(said.requested) !== least)
    wrong.push(`${id} says it asked ${said.requested}, its estimate says ${least} nano-dollars`);
  if (room >= least) wrong.push(`${id} was refused with ${room} nano-dollars left, and needed ${least}`);
  const is_countable = call.model.startsWith('gpt-4') && estimate.input_bound === 'bytes';
  if (is_countable) wrong.push(`${id} was refused on the bound from bytes, its tokens were never counted`);
  return wrong;
}
