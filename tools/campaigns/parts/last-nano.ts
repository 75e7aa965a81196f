import type { Caller, Seen } from './caller.ts';
import { nano_model } from './cap-calls.ts';
import { type PlannedCall, planCall } from './plan.ts';

/** A count above this is no usage, so a larger room is filled by several calls. */
const most_tokens = 100_000_000n;

/**
 * Fills what is left of a cap to the last nano-dollar with a model whose output tokens cost one each: one token more
 * than fits must be refused, exactly what fits must pass, and then nothing more.
 */
export async function fillToTheLastNano(options: {
  caller: Caller;
  key: string;
  room: () => Promise<bigint>;
  expect: (calls: readonly PlannedCall[]) => void;
}): Promise<{ figures: { room_nano: string; fills: number }; broken: string[] }> {
  const { caller, key, room, expect } = options;
  const broken: string[] = [];
  let n = 0;
  const ask = async (tokens: bigint): Promise<Seen> => {
    const usage = { prompt_tokens: 5, completion_tokens: Number(tokens), total_tokens: 5 + Number(tokens) };
    const directive = { output_tokens: 1, usage };
    const shape = {
      label: `fill${n++}`,
      wire: 'chat',
      model: nano_model,
      stream: false,
      text: 'Fill.',
      directive,
    } as const;
    const call = planCall({ ...shape, max_tokens: Number(tokens) }, key);
    expect([call]);
    return caller.send(call);
  };
  const must = (seen: Seen, status: number, what: string) => {
    if (seen.status !== status) broken.push(`${what} was answered with ${seen.status} ${seen.code}, not ${status}`);
  };
  const at_first = await room();
  let fills = 0;
  for (let left = at_first; left > 0n; left = await room()) {
    const part = left > most_tokens ? most_tokens : left;
    must(await ask(left + 1n), 402, `a call that needs one nano-dollar more than the ${left} left`);
    must(await ask(part), 200, `a call that needs ${part} of the ${left} nano-dollars left`);
    fills += 1;
    if (broken.length > 0) break;
  }
  must(await ask(1n), 402, 'a call that needs one nano-dollar of a full cap');
  return { figures: { room_nano: String(at_first), fills }, broken };
}
