import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { present } from '../base/assert.ts';
import { ceilDiv } from '../base/money.ts';
import { costOf } from './charge.ts';
import {
  type CompiledPrice,
  chargesOf,
  compilePrice,
  type Price,
  price_schema,
  type Reach,
  worstCase,
} from './price.ts';
import type { Usage } from './usage.ts';

const decimal = fc
  .tuple(fc.nat(200), fc.nat(999_999))
  .map(([whole, part]) => `${whole}.${String(part).padStart(6, '0')}`);
const maybe = fc.option(decimal, { nil: undefined });
const rates = fc
  .record({
    input: decimal,
    output: maybe,
    cached_input: maybe,
    cache_write: maybe,
    cache_write_1h: maybe,
    audio_input: maybe,
    audio_output: maybe,
  })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, rate]) => rate !== undefined)));

const price: fc.Arbitrary<CompiledPrice> = fc
  .record({
    starts: fc.uniqueArray(fc.integer({ min: 1, max: 300_000 }), { maxLength: 3 }),
    rates: fc.array(rates, { minLength: 4, maxLength: 4 }),
    request: decimal,
    search: decimal,
  })
  .map(({ starts, rates, request, search }) =>
    compilePrice(
      price_schema.parse({
        id: 'p',
        version: 'v',
        provider: 'x',
        model: 'm',
        tiers: [0, ...starts.sort((a, b) => a - b)].map((above_input_tokens, i) => ({
          above_input_tokens,
          rates: rates[i],
        })),
        per_request_usd: request,
        per_web_search_usd: search,
      }),
    ),
  );

/** The cost of what has one. */
const costNano = (usage: Usage, priced: CompiledPrice): bigint => costOf(present(chargesOf(usage, priced), 'a price'));

const bounds = (...of: Parameters<typeof worstCase>) => present(worstCase(...of), 'a bound');

const usageWithin = (most_input: number): fc.Arbitrary<Usage> =>
  fc
    .record({
      input: fc.nat(most_input),
      output: fc.nat(100_000),
      parts: fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(99)),
      audio: fc.tuple(fc.nat(100), fc.nat(100)),
      searches: fc.nat(5),
    })
    .map(({ input, output, parts, audio, searches }) => {
      const whole = Math.max(1, parts[0] + parts[1] + parts[2] + parts[3]);
      const part = (weight: number): number => Math.floor((input * weight) / whole);
      return {
        input_tokens: input,
        output_tokens: output,
        cached_input_tokens: part(parts[0]),
        cache_write_tokens: part(parts[1]),
        cache_write_1h_tokens: part(parts[2]),
        reasoning_tokens: 0,
        audio_input_tokens: Math.floor((input * audio[0]) / 100),
        audio_output_tokens: Math.floor((output * audio[1]) / 100),
        web_searches: searches,
      };
    });

describe('the worst case', () => {
  const bounded = fc
    .integer({ min: 0, max: 400_000 })
    .chain((bound) => fc.tuple(fc.constant(bound), usageWithin(bound)));
  const everything = { cache_write: true, cache_write_1h: true, audio: true };

  test('bounds the cost of every usage within it', () => {
    fc.assert(
      fc.property(price, bounded, (priced, [bound, usage]) => {
        const { base_pico, output_pico } = bounds(priced, bound, {
          ...everything,
          web_searches: usage.web_searches ?? 0,
        });
        const most = ceilDiv(base_pico + BigInt(usage.output_tokens) * output_pico, 1_000n);
        expect(costNano(usage, priced) <= most).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test('bounds it as well when the request rules parts out', () => {
    const reach: fc.Arbitrary<Reach & { web_searches: number }> = fc.record({
      cache_write: fc.boolean(),
      cache_write_1h: fc.boolean(),
      audio: fc.boolean(),
      web_searches: fc.nat(5),
    });
    fc.assert(
      fc.property(price, bounded, reach, (priced, [bound, all], within) => {
        const usage: Usage = {
          ...all,
          cache_write_tokens: within.cache_write ? all.cache_write_tokens : 0,
          cache_write_1h_tokens: within.cache_write_1h ? all.cache_write_1h_tokens : 0,
          audio_input_tokens: within.audio ? (all.audio_input_tokens ?? 0) : 0,
          audio_output_tokens: within.audio ? (all.audio_output_tokens ?? 0) : 0,
          web_searches: within.web_searches,
        };
        const { base_pico, output_pico } = bounds(priced, bound, within);
        const most = ceilDiv(base_pico + BigInt(usage.output_tokens) * output_pico, 1_000n);
        expect(costNano(usage, priced) <= most).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  const tiered = compilePrice({
    id: 'p',
    version: 'v',
    provider: 'x',
    model: 'm',
    tiers: [
      { above_input_tokens: 0, rates: { input: '3', cached_input: '4', output: '15' } },
      { above_input_tokens: 200_000, rates: { input: '6', output: '2' } },
    ],
  });

  test('is none where searches have no price or no end', () => {
    const searching = compilePrice({ ...plain, per_web_search_usd: '0.01' });
    const reach = { cache_write: false, cache_write_1h: false, audio: false };
    expect(worstCase(searching, 0, { ...reach, web_searches: 3 })?.base_pico).toBe(30_000_000_000n);
    expect(worstCase(searching, 0, { ...reach, web_searches: null })).toBeNull();
    expect(worstCase(compilePrice(plain), 0, { ...reach, web_searches: 1 })).toBeNull();
    expect(worstCase(compilePrice(plain), 0, { ...reach, web_searches: 0 })).not.toBeNull();
  });

  test('leaves out a tier that cannot be reached, and takes the dearest of those that can', () => {
    expect(worstCase(tiered, 200_000)).toEqual({ base_pico: 800_000_000_000n, output_pico: 15_000_000n });
    expect(worstCase(tiered, 200_001)).toEqual({ base_pico: 1_200_006_000_000n, output_pico: 15_000_000n });
    expect(worstCase(tiered, 0)).toEqual({ base_pico: 0n, output_pico: 15_000_000n });
  });
});

test('cost is exact: the sum of the parts, rounded up once', () => {
  fc.assert(
    fc.property(price, usageWithin(400_000), (priced, some) => {
      const usage = { ...some, audio_input_tokens: 0, audio_output_tokens: 0 };
      const tier = priced.tiers.filter((one) => one.above_input_tokens < usage.input_tokens).at(-1) ?? priced.tiers[0];
      if (!tier) throw new Error('no tier');
      const { cached_input_tokens: cached, cache_write_tokens: five, cache_write_1h_tokens: hour } = usage;
      const parts: [number, bigint][] = [
        [usage.input_tokens - cached - five - hour, tier.rates.input],
        [cached, tier.rates.cached_input],
        [five, tier.rates.cache_write],
        [hour, tier.rates.cache_write_1h],
        [usage.output_tokens, tier.rates.output],
        [1_000, priced.per_request_nano],
        [1_000 * (usage.web_searches ?? 0), priced.per_web_search_nano ?? 0n],
      ];
      const pico = parts.reduce((sum, [count, rate]) => sum + BigInt(count) * rate, 0n);
      const nano = costNano(usage, priced);
      expect(nano * 1_000n >= pico && nano * 1_000n - pico < 1_000n).toBe(true);
    }),
  );
});

const plain: Price = {
  id: 'p',
  version: 'v',
  provider: 'x',
  model: 'm',
  tiers: [{ above_input_tokens: 0, rates: { input: '0.075', output: '0.3' } }],
};

describe('a stored price', () => {
  test('becomes exact pico-dollars per token, absent rates filled in by the ones they fall back to', () => {
    const rates = { input: '0.075', cache_write: '0.1', output: '12' };
    const compiled = compilePrice({ ...plain, tiers: [{ above_input_tokens: 0, rates }], per_request_usd: '0.0125' });
    expect(compiled.tiers[0]?.rates).toEqual({
      input: 75_000n,
      output: 12_000_000n,
      cached_input: 75_000n,
      cache_write: 100_000n,
      cache_write_1h: 100_000n,
      audio_input: 75_000n,
      audio_output: 12_000_000n,
    });
    expect(compiled.per_request_nano).toBe(12_500_000n);
  });

  test('survives JSON', () => {
    expect(price_schema.parse(JSON.parse(JSON.stringify(plain)))).toEqual(plain);
  });

  const [tier] = plain.tiers;
  test.each([
    ['a number', { ...plain, per_request_usd: 0.1 }],
    ['seven decimal places', { ...plain, per_request_usd: '0.0000001' }],
    ['a negative rate', { ...plain, tiers: [{ above_input_tokens: 0, rates: { input: '-1', output: '1' } }] }],
    ['an exponent', { ...plain, per_request_usd: '1e-3' }],
    ['no tier', { ...plain, tiers: [] }],
    ['a first tier that does not start at 0', { ...plain, tiers: [{ ...tier, above_input_tokens: 5 }] }],
    ['tiers that do not rise', { ...plain, tiers: [tier, { ...tier, above_input_tokens: 0 }] }],
    ['an unknown member', { ...plain, discount: '0.5' }],
  ])('is refused with %s', (_, wrong) => {
    expect(price_schema.safeParse(wrong).success).toBe(false);
  });
});
