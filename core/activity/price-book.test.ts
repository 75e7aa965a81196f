import { readFileSync } from 'node:fs';
import { calcPrice, waitForUpdate } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { costOf } from './charge.ts';
import { decimalText, inForce, packaged_version, packagedBook, packagedPrices } from './packaged-prices.ts';
import { chargesOf, compilePrice, price_schema } from './price.ts';
import { findPrice, mockPrices, type PriceRow, priceBook } from './price-book.ts';

const at = Date.UTC(2026, 9, 1, 12);
const book = packagedBook(at, mockPrices());

const own = (model: string, input: string, more: Partial<PriceRow> = {}): PriceRow => ({
  price: {
    id: `own/${model}/${input}`,
    version: '1',
    provider: 'openai',
    model,
    tiers: [{ above_input_tokens: 0, rates: { input } }],
  },
  match: { equals: model },
  context_window: null,
  max_output_tokens: null,
  effective_from: null,
  effective_until: null,
  ...more,
});

describe('the packaged prices', () => {
  test('are of the package that is installed', () => {
    const installed = JSON.parse(readFileSync('node_modules/@pydantic/genai-prices/package.json', 'utf8'));
    expect(packaged_version).toBe(`genai-prices@${installed.version}`);
  });

  test('come from every provider of the package', async () => {
    const providers = new Set(packagedPrices(at).map((row) => row.price.provider));
    expect((await waitForUpdate())?.map((provider) => provider.id).filter((id) => !providers.has(id))).toEqual([]);
  });

  test('are well formed, one id each, and never free of input cost by omission', () => {
    const rows = packagedPrices(at);
    expect(rows.length).toBeGreaterThan(1_000);
    for (const row of rows) price_schema.parse(row.price);
    expect(new Set(rows.map((row) => row.price.id)).size).toBe(rows.length);
  });

  test('match the same models as the package and cost the same', async () => {
    const usage = {
      input_tokens: 250_000,
      cached_input_tokens: 30_000,
      cache_write_tokens: 0,
      cache_write_1h_tokens: 0,
      output_tokens: 7_001,
      reasoning_tokens: 0,
    };
    const theirs = { input_tokens: 250_000, cache_read_tokens: 30_000, output_tokens: 7_001 };
    let compared = 0;
    for (const provider of (await waitForUpdate()) ?? [])
      for (const name of provider.models.flatMap((model) => namesIn(model.match))) {
        const expected = calcPrice(theirs, name, { providerId: provider.id, timestamp: new Date(at) });
        const price = findPrice(book, provider.id, name);
        if (!price || !expected) continue;
        compared += 1;
        expect(price.model, `${provider.id} ${name}`).toBe(expected.model.id);
        if (expected.model_price.output_mtok === undefined) continue;
        const cost = Number(costOf(chargesOf(usage, price) ?? [])) / 1e9;
        expect(Math.abs(cost - expected.total_price), `${provider.id} ${name}`).toBeLessThan(1e-6);
      }
    expect(compared).toBeGreaterThan(2_000);
  });

  test('are exact: the shortest decimal text of the package number', async () => {
    const texts: [number, string][] = [];
    for (const provider of (await waitForUpdate()) ?? [])
      for (const model of provider.models)
        for (const { prices } of Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }])
          for (const value of Object.values(prices))
            for (const number of typeof value === 'object'
              ? [value.base, ...value.tiers.map((tier) => tier.price)]
              : [value ?? 0])
              texts.push([number, decimalText(number)]);
    const other = texts.filter(([number, text]) => String(number) !== text);
    expect(new Set(other.map(([number]) => number))).toEqual(new Set([0.18000000000000002, 0.08333333333333334]));
    expect(decimalText(0.18000000000000002)).toBe('0.18');
    expect(decimalText(0.08333333333333334)).toBe('0.083334');
    expect([decimalText(100), decimalText(0), decimalText(1e-6), decimalText(10, 1_000n)]).toEqual([
      '100',
      '0',
      '0.000001',
      '0.01',
    ]);
  });

  test.each([
    ['openai', 'gpt-4o-2024-08-06', 'openai/gpt-4o'],
    ['openai', 'GPT-4o', 'openai/gpt-4o'],
    ['openai', 'gpt-4o-2024-05-13', 'openai/gpt-4o-2024-05-13'],
    ['anthropic', 'claude-sonnet-4-20250514', 'anthropic/claude-sonnet-4-0'],
    ['xai', 'grok-4.3', 'x-ai/grok-4.3'],
    ['gemini', 'models/gemini-2.5-pro', 'google/gemini-2.5-pro'],
    ['azure', 'gpt-4o', 'openai/gpt-4o'],
    ['openai', 'gpt-5.6-sol-20260801', 'openai/gpt-5.6-sol@2026-08-21'],
    ['mock', 'mock-large', 'mock/mock-large'],
  ])('has %s %s', (provider, model, id) => {
    expect(findPrice(book, provider, model)?.id).toBe(id);
  });

  test.each([
    ['openai', 'gpt-99'],
    ['nobody', 'gpt-4o'],
    ['openai', ''],
    ['openai', 'x'.repeat(10_000)],
    ['openai', 'constructor'],
    ['__proto__', 'gpt-4o'],
    ['openai', 'gpt-4o-audio-preview'],
    ['openai', 'gpt-image-1.5'],
    ['openai', 'whisper-1'],
    ['openrouter', 'deepseek/deepseek-r1:free'],
    ['mock', 'mock-unknown-price'],
  ])('has no price for %s %.40s', (provider, model) => {
    expect(findPrice(book, provider, model)).toBeNull();
  });

  test('know the context window where the package does', () => {
    expect(book.find('openai', 'gpt-4o')?.context_window).toBe(128_000);
    expect(book.find('google', 'gemini-2.5-pro')?.context_window).toBeNull();
  });

  test('charge Claude cache writes of an hour twice the input where the package has no rate for them', () => {
    const rates = findPrice(book, 'google', 'claude-opus-4-8')?.tiers[0]?.rates;
    expect(rates).toMatchObject({ input: 5_000_000n, cache_write: 6_250_000n, cache_write_1h: 10_000_000n });
  });
});

describe('prices over time', () => {
  const inputAt = (time: string, provider: string, model: string) => {
    const then = packagedBook(Date.parse(time));
    return [String(findPrice(then, provider, model)?.tiers[0]?.rates.input), then.find(provider, model)?.price.id];
  };

  test('follow dates', () => {
    expect(inputAt('2025-06-09T23:59:59.999Z', 'openai', 'o3')).toEqual(['10000000', 'openai/o3']);
    expect(inputAt('2025-06-10T00:00:00.000Z', 'openai', 'o3')).toEqual(['2000000', 'openai/o3@2025-06-10']);
  });

  test('follow the hours of the day', () => {
    expect(inputAt('2026-01-05T00:29:59.999Z', 'deepseek', 'deepseek-chat')[0]).toBe('135000');
    expect(inputAt('2026-01-05T00:30:00.000Z', 'deepseek', 'deepseek-chat')[0]).toBe('270000');
    expect(inputAt('2026-01-05T16:29:59.999Z', 'deepseek', 'deepseek-chat')[0]).toBe('270000');
    expect(inputAt('2026-01-05T16:30:00.000Z', 'deepseek', 'deepseek-chat')[0]).toBe('135000');
  });

  test('hours may run over midnight, and end tomorrow', () => {
    const constraint = { type: 'time_of_date' as const, start_time: '22:00:00Z', end_time: '06:00:00Z' };
    const all = [{ prices: { input_mtok: 2 } }, { constraint, prices: { input_mtok: 1 } }];
    const seen = (time: string) => {
      const { prices, until } = inForce(all, Date.parse(`2026-03-01T${time}Z`));
      return [prices.input_mtok, new Date(until ?? 0).toISOString()];
    };
    expect(seen('05:59:59')).toEqual([1, '2026-03-01T06:00:00.000Z']);
    expect(seen('06:00:00')).toEqual([2, '2026-03-01T22:00:00.000Z']);
    expect(seen('22:00:00')).toEqual([1, '2026-03-02T06:00:00.000Z']);
  });

  test('a book says until when it holds', () => {
    const morning = packagedBook(Date.parse('2026-01-05T00:10:00.000Z'));
    expect(new Date(morning.valid_until ?? 0).toISOString()).toBe('2026-01-05T00:30:00.000Z');
    expect(priceBook({ version: 'x', at, rows: mockPrices() }).valid_until).toBeNull();
  });

  test('at every change the book before it ends just there', () => {
    let then = Date.parse('2026-08-16T20:00:00.000Z');
    for (let i = 0; i < 6; i++) {
      const next = packagedBook(then).valid_until ?? 0;
      expect(next).toBeGreaterThan(then);
      const ids = (instant: number) => packagedPrices(instant).map((row) => row.price.id);
      expect(ids(next - 1)).toEqual(ids(then));
      then = next;
    }
  });
});

describe("a tenant's own prices", () => {
  test('win over the packaged ones, and the rest stays', () => {
    const mine = priceBook({ version: 'mine', at, rows: [own('gpt-4o', '1.5'), own('my-model', '7')], base: book });
    expect(findPrice(mine, 'openai', 'gpt-4o')?.tiers[0]?.rates.input).toBe(1_500_000n);
    expect(findPrice(mine, 'openai', 'my-model')?.id).toBe('own/my-model/7');
    expect(findPrice(mine, 'openai', 'gpt-4o-mini')?.version).toBe(packaged_version);
    expect(findPrice(mine, 'openai', 'nothing')).toBeNull();
    expect(findPrice(book, 'openai', 'gpt-4o')?.id).toBe('openai/gpt-4o');
    expect(mine.valid_until).toBe(book.valid_until);
  });

  test('take effect at their instant, the later over the earlier', () => {
    const rows = [
      own('gpt-4o', '1'),
      own('gpt-4o', '2', { effective_from: at }),
      own('gpt-4o', '3', { effective_from: at + 1_000 }),
      own('gpt-4o', '4', { effective_from: at - 5, effective_until: at + 500 }),
    ];
    const input = (instant: number) =>
      findPrice(priceBook({ version: 'mine', at: instant, rows }), 'openai', 'gpt-4o')?.tiers[0]?.rates.input;
    expect([at - 6, at - 1, at, at + 999, at + 1_000].map(input)).toEqual(
      [1n, 4n, 2n, 2n, 3n].map((usd) => usd * 1_000_000n),
    );
    expect(priceBook({ version: 'mine', at, rows }).valid_until).toBe(at + 500);
  });
});

test('the mock models: large is dearer than small, expensive far dearer, none is free', () => {
  const mocks = mockPrices().map((row) => compilePrice(row.price));
  const input = (model: string) => mocks.find((price) => price.model === model)?.tiers[0]?.rates.input ?? 0n;
  expect(input('mock-large') > input('mock-small')).toBe(true);
  expect(input('mock-expensive') >= 50n * input('mock-large')).toBe(true);
  expect(mocks.map((price) => price.tiers[0]?.rates.input ?? 0n).filter((rate) => rate <= 0n)).toEqual([]);
  const models = 'slow loop pii ungrounded error-500 rate-limited stream-cut'.split(' ').map((kind) => `mock-${kind}`);
  expect(models.map(input)).toEqual(models.map(() => input('mock-small')));
});

function namesIn(match: object): string[] {
  return Object.entries(match).flatMap(([kind, value]) =>
    Array.isArray(value) ? value.flatMap(namesIn) : kind === 'equals' || kind === 'starts_with' ? [value] : [],
  );
}
