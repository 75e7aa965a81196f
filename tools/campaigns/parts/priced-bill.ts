import { assert, present } from '@aos/core/base/assert.ts';
import { isObject, type JsonObject } from '@aos/core/base/json.ts';
import { type Api, expectStatus } from '../../../e2e/parts/client.ts';
import type { BillLine } from '../../simulate/stub/bill.ts';

/**
 * The provider's bill in money, worked out by itself: nothing of the server's own arithmetic is used. Rates are those
 * the price list shows, in USD per million tokens with at most six decimal places.
 */
interface Rates {
  input: string;
  output?: string;
  cached_input?: string;
  cache_write?: string;
  cache_write_1h?: string;
}
type Tiers = { above_input_tokens: number; rates: Rates }[];

interface Parts {
  /** All input, cached parts included. */
  input: number;
  cached: number;
  written: number;
  written_1h: number;
  output: number;
}

/** The tiers in force of each model, as the API shows them. */
export async function ratesOf(
  admin: Api,
  models: readonly { provider: string; model: string }[],
): Promise<Map<string, Tiers>> {
  const found = new Map<string, Tiers>();
  for (const { provider, model } of models) {
    const path = `/api/v1/prices?provider=${provider}&model=${model}&limit=50`;
    const { items } = expectStatus(200, await admin.get<{ items: { in_force: boolean; tiers: Tiers }[] }>(path));
    found.set(
      model,
      present(
        items.find((item) => item.in_force),
        `a price of ${model} in force`,
      ).tiers,
    );
  }
  return found;
}

/** Nano-USD of one answered request: every part summed exactly, rounded up once. Errors are free. */
export function nanoOf(line: BillLine, tiers: Tiers): bigint {
  if (line.usage === undefined) {
    assert(line.outcome === 'error', 'a request without a usage is one the provider refused');
    return 0n;
  }
  const { input, cached, written, written_1h, output } = partsOf(line.wire, line.usage);
  const { rates } = present(
    tiers.findLast((tier) => tier.above_input_tokens === 0 || input > tier.above_input_tokens),
    'a tier',
  );
  const write = rates.cache_write ?? rates.input;
  const pico =
    BigInt(input - cached - written - written_1h) * picoPerToken(rates.input) +
    BigInt(cached) * picoPerToken(rates.cached_input ?? rates.input) +
    BigInt(written) * picoPerToken(write) +
    BigInt(written_1h) * picoPerToken(rates.cache_write_1h ?? write) +
    BigInt(output) * picoPerToken(rates.output ?? rates.input);
  return pico / 1000n + (pico % 1000n === 0n ? 0n : 1n);
}

/** USD for a million tokens is micro-USD for one: with six decimal places, a whole number of pico-USD. */
function picoPerToken(usd: string): bigint {
  const [whole = '0', part = ''] = usd.split('.');
  return BigInt(whole + part.padEnd(6, '0'));
}

function partsOf(wire: BillLine['wire'], usage: JsonObject): Parts {
  const at = (of: JsonObject, name: string): number => (typeof of[name] === 'number' ? of[name] : 0);
  const within = (name: string): JsonObject => {
    const value = usage[name];
    return isObject(value) ? value : {};
  };
  if (wire === 'messages') {
    const cached = at(usage, 'cache_read_input_tokens');
    const written_1h = at(within('cache_creation'), 'ephemeral_1h_input_tokens');
    const written = at(usage, 'cache_creation_input_tokens') - written_1h;
    const input = at(usage, 'input_tokens') + cached + written + written_1h;
    return { input, cached, written, written_1h, output: at(usage, 'output_tokens') };
  }
  const is_responses = wire === 'responses';
  return {
    input: at(usage, is_responses ? 'input_tokens' : 'prompt_tokens'),
    cached: at(within(is_responses ? 'input_tokens_details' : 'prompt_tokens_details'), 'cached_tokens'),
    written: 0,
    written_1h: 0,
    output: at(usage, is_responses ? 'output_tokens' : 'completion_tokens'),
  };
}
