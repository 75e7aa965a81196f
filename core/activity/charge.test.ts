import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../base/json.ts';
import { usdOfNano } from '../base/money.ts';
import { costOf, heldCharges, type RecordedCharge, recorded_charge, recordedCharges } from './charge.ts';
import { chargesOf, compilePrice, price_schema } from './price.ts';
import type { Usage } from './usage.ts';
import { wires } from './wires/index.ts';

const tokens = fc.nat(300_000);
const rate = fc.tuple(fc.nat(200), fc.nat(999_999)).map(([whole, part]) => `${whole}.${String(part).padStart(6, '0')}`);
const maybe = fc.option(rate, { nil: undefined });
const rates = fc.record({
  ...{ input: rate, output: maybe, cached_input: maybe, cache_write: maybe },
  ...{ cache_write_1h: maybe, audio_input: maybe, audio_output: maybe },
});
const price = fc
  .record({ low: rates, high: rates, from: fc.integer({ min: 1, max: 400_000 }), request: maybe, search: rate })
  .map(({ low, high, from, request, search }) =>
    compilePrice(
      price_schema.parse({
        ...{ id: 'p', version: 'v', provider: 'x', model: 'm' },
        tiers: [
          { above_input_tokens: 0, rates: low },
          { above_input_tokens: from, rates: high },
        ],
        per_request_usd: request,
        per_web_search_usd: search,
      }),
    ),
  );

/** Answers as the two dialects write them, with every kind of usage that is billed apart. */
const answer_of_anthropic = fc
  .record({ input: tokens, output: tokens, read: tokens, five: tokens, hour: tokens, searches: fc.nat(9) })
  .map(
    ({ input, output, read, five, hour, searches }): Json => ({
      usage: {
        ...{ input_tokens: input, output_tokens: output },
        ...{ cache_read_input_tokens: read, cache_creation_input_tokens: five + hour },
        cache_creation: { ephemeral_5m_input_tokens: five, ephemeral_1h_input_tokens: hour },
        server_tool_use: { web_search_requests: searches, web_fetch_requests: 3 },
      },
    }),
  );
const answer_of_openai = fc
  .record({ prompt: tokens, completion: tokens, cached: tokens, heard: tokens, said: tokens, thought: tokens })
  .map(
    ({ prompt, completion, cached, heard, said, thought }): Json => ({
      usage: {
        ...{ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
        prompt_tokens_details: { cached_tokens: Math.min(cached, prompt), audio_tokens: heard },
        completion_tokens_details: { audio_tokens: said, reasoning_tokens: Math.min(thought, completion) },
      },
    }),
  );
const usage = fc.oneof(
  answer_of_anthropic.map((body) => wires.messages.readAnswer(body as never).usage),
  answer_of_openai.map((body) => wires.chat.readAnswer(body as never).usage),
);

/** What a record says that a call cost, worked out from nothing but its charges, as an auditor would. */
function costByHand(charges: readonly RecordedCharge[]): string {
  const scale = 12;
  const units = charges.reduce((sum, { quantity, price_usd, per }) => {
    const [whole = '', part = ''] = price_usd.split('.');
    return sum + (BigInt(quantity) * BigInt(whole + part.padEnd(scale, '0'))) / BigInt(per);
  }, 0n);
  return usdOfNano((units + 999n) / 1000n);
}

const quantityOf = (charges: readonly RecordedCharge[], ...kinds: string[]): number =>
  charges.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { quantity }) => sum + quantity, 0);

test('the cost of a record is the sum of its charges, and they share out every token once', () => {
  fc.assert(
    fc.property(price, usage, (priced, used: Usage | null) => {
      expect(used).not.toBeNull();
      const charges = used && chargesOf(used, priced);
      if (!used || !charges) throw new Error('a usage that is read and priced has charges');
      const kept = recorded_charge.array().parse(JSON.parse(JSON.stringify(recordedCharges(charges))));
      expect(costByHand(kept)).toBe(usdOfNano(costOf(charges)));
      const inputs = ['input', 'cached_input', 'cache_write', 'cache_write_1h', 'audio_input'];
      expect(quantityOf(kept, ...inputs)).toBe(used.input_tokens);
      expect(quantityOf(kept, 'output', 'audio_output')).toBe(used.output_tokens);
      expect(quantityOf(kept, 'cache_write')).toBe(used.cache_write_tokens);
      expect(quantityOf(kept, 'cache_write_1h')).toBe(used.cache_write_1h_tokens);
      expect(quantityOf(kept, 'web_search')).toBe(used.web_searches ?? 0);
    }),
    { numRuns: 1_000 },
  );
});

test('what was held is charged as one amount', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 16n }),
      fc.bigInt({ min: 0n, max: 10n ** 9n }),
      tokens,
      (base_pico, output_pico, n) => {
        const charges = heldCharges({ base_pico, output_pico }, n);
        expect(costByHand(recordedCharges(charges))).toBe(usdOfNano(costOf(charges)));
      },
    ),
  );
});

test('a search without a price has no cost, not the cost of its tokens', () => {
  const priced = compilePrice({
    ...{ id: 'p', version: 'v', provider: 'x', model: 'm' },
    tiers: [{ above_input_tokens: 0, rates: { input: '1', output: '2' } }],
  });
  const used = { ...(wires.messages.readAnswer({ usage: { input_tokens: 5, output_tokens: 7 } }).usage as Usage) };
  expect(chargesOf(used, priced)).toHaveLength(2);
  expect(chargesOf({ ...used, web_searches: 1 }, priced)).toBeNull();
});
