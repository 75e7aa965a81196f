import { nanoOfUsd } from '@aos/core/base/money.ts';
import type { Directive } from '../../simulate/stub/directive.ts';
import type { PriceTier } from './installation.ts';
import { type PlannedCall, planCall, type WireName } from './plan.ts';
import { type Random, randomFrom } from './random.ts';

/**
 * USD per million tokens. Six decimal places, so that nearly every cost has a part below a nano-dollar that must be
 * rounded; a dearer tier for longer prompts, and dear audio and cache writes, so that the worst case of a call is far
 * from its cost when its body only mentions them.
 */
export const dear_tiers: PriceTier[] = [
  {
    above_input_tokens: 0,
    rates: {
      input: '3.217391',
      output: '151.733333',
      cached_input: '1.608697',
      cache_write: '4.021739',
      cache_write_1h: '6.434783',
      audio_input: '41.000007',
      audio_output: '203.100001',
    },
  },
  { above_input_tokens: 400, rates: { input: '4.826087', output: '160.000009' } },
];

/** USD per million tokens: one output token costs exactly one nano-dollar. */
export const nano_tiers: PriceTier[] = [{ above_input_tokens: 0, rates: { input: '0', output: '0.001' } }];
export const nano_model = 'one-nano-a-token';

export const models: Record<Exclude<WireName, 'embeddings'>, { provider: string; model: string }> = {
  chat: { provider: 'openai', model: 'gpt-4o' },
  responses: { provider: 'openai', model: 'gpt-4.1' },
  messages: { provider: 'anthropic', model: 'claude-opus-4-6' },
};

/** The cheapest output rate of `dear_tiers`, in nano-USD for a thousand tokens. */
const nano_per_thousand = nanoOfUsd('0.151733333');

/** Calls of random cost, and what they would cost at least if all of them were admitted and answered whole. */
export function planCapCalls(count: number, seed: number, key: string): { calls: PlannedCall[]; demand_nano: bigint } {
  const random = randomFrom(seed);
  let demand_nano = 0n;
  const calls = Array.from({ length: count }, (_, n) => {
    const output_tokens = random.whole(120, 480);
    // Early enough to be admitted: an answer that is lost, of a call whose worst case is far above its usual cost.
    const fault = n % 50 === 3 ? lost : faultOf(random);
    if (fault.error === undefined) demand_nano += (BigInt(output_tokens) * nano_per_thousand) / 1000n;
    if (fault === lost) return plannedCall(random, { label: `s${seed}c${n}`, output_tokens, fault, key });
    return leaving(random, plannedCall(random, { label: `s${seed}c${n}`, output_tokens, fault, key }));
  });
  return { calls, demand_nano };
}

interface Wish {
  label: string;
  output_tokens: number;
  fault: Directive;
  key: string;
}

const topics = ['the weather at sea', 'an audio book about ferries', 'café menus, naïve and daring ☕', 'a short tale'];

function plannedCall(random: Random, { label, output_tokens, fault, key }: Wish): PlannedCall {
  const wire = fault === lost ? 'messages' : random.pick(['chat', 'chat', 'responses', 'messages'] as const);
  const stream = random.chance(0.5);
  const is_bound = wire === 'messages' || random.chance(0.75);
  const text = `Tell me about ${random.pick([topics[0] ?? '', ...topics.slice(1)])}. `.repeat(random.whole(1, 12));
  const marks_cache = wire === 'messages' && (fault === lost || random.chance(0.3));
  const directive = {
    output_tokens,
    // Within what the prompt really has: a token of such text is less than six bytes.
    input_tokens: random.whole(1, Math.floor(text.length / 6)),
    delay_ms: random.whole(5, 60),
    ...(stream && { chunk_tokens: random.whole(4, 40), chunk_delay_ms: random.whole(0, 8) }),
    ...fault,
  };
  const shape = {
    label,
    wire,
    model: models[wire].model,
    stream,
    text,
    max_tokens: is_bound ? Math.max(16, output_tokens + random.whole(-40, 60)) : null,
    directive,
    ...(marks_cache && {
      more: { system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }] },
    }),
  };
  return planCall(shape, key);
}

const lost: Directive = { reset_after_chunks: 0 };

/** What goes wrong at the provider, in about one call of six. */
function faultOf(random: Random): Directive {
  if (random.chance(0.05)) return { error: random.pick([400, 429, 500, 529]) };
  if (random.chance(0.06)) return { reset_after_chunks: random.whole(0, 3) };
  if (random.chance(0.03)) return { error_after_chunks: random.whole(0, 3) };
  if (random.chance(0.03)) return { no_usage: true };
  return {};
}

/** One caller of seven does not stay to the end. */
function leaving(random: Random, call: PlannedCall): PlannedCall {
  if (random.chance(0.05)) return { ...call, leave_after_ms: random.whole(1, 400) };
  if (random.chance(0.1)) return { ...call, leave_after_bytes: random.whole(1, 5_000) };
  return call;
}
