import type { JsonObject } from '@aos/core/base/json.ts';
import type { Directive } from '../../simulate/stub/directive.ts';
import { type PlannedCall, planCall, type WireName } from './plan.ts';
import { type Random, randomFrom } from './random.ts';

/** One model for each wire and one more for chat, priced by the tenant (gpt-4o) or by the packaged list. */
export const mixed_models = [
  { provider: 'openai', model: 'gpt-4o' },
  { provider: 'openai', model: 'gpt-4o-mini' },
  { provider: 'anthropic', model: 'claude-opus-4-6' },
  { provider: 'openai', model: 'text-embedding-3-small' },
] as const;

const wires = ['chat', 'chat', 'responses', 'messages', 'embeddings'] as const;

/** Calls of all wires, plain and streamed, about one of nine refused by the provider; nobody leaves. */
export function planMixedCalls(count: number, seed: number, keys: readonly string[]): PlannedCall[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, n) => plannedCall(random, `m${seed}c${n}`, keys));
}

function plannedCall(random: Random, label: string, keys: readonly string[]): PlannedCall {
  const wire = random.pick(wires);
  const stream = wire !== 'embeddings' && random.chance(0.5);
  const output_tokens = random.whole(0, 30);
  const directive: Directive = {
    output_tokens,
    ...(stream && { chunk_tokens: random.whole(2, 8) }),
    ...(random.chance(0.11) && { error: random.pick([400, 429, 500]) }),
    ...(wire !== 'embeddings' && random.chance(0.3) && { usage: usageOf(random, wire, output_tokens) }),
  };
  const writes = wire === 'messages' && directive.usage !== undefined;
  const shape = {
    label,
    wire,
    model: modelOf(random, wire),
    stream,
    // Long enough for all the input tokens that a usage below tells of.
    text: 'A sum is right when every part of it is. '.repeat(random.whole(3, 30)),
    max_tokens: random.chance(0.9) || wire === 'messages' ? Math.max(1, output_tokens + random.whole(0, 9)) : null,
    directive,
    ...(writes && {
      more: { system: [{ type: 'text', text: 'Count.', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
    }),
  };
  return planCall(shape, keys[random.whole(0, keys.length - 1)] ?? '');
}

function modelOf(random: Random, wire: WireName): string {
  if (wire === 'messages') return mixed_models[2].model;
  if (wire === 'embeddings') return mixed_models[3].model;
  return mixed_models[random.whole(0, 1)]?.model ?? mixed_models[0].model;
}

/** A usage with a part read from the provider's cache and, where the wire knows that, parts written to it. */
function usageOf(random: Random, wire: WireName, output: number): JsonObject {
  const input = random.whole(1, 60);
  const cached = random.whole(0, input);
  if (wire === 'messages') {
    const [short, long] = [random.whole(0, 20), random.whole(0, 20)];
    return {
      input_tokens: input,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: short + long,
      cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long },
      output_tokens: output,
    };
  }
  if (wire === 'responses') {
    return {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cached },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: Math.floor(output / 2) },
      total_tokens: input + output,
    };
  }
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached },
  };
}
