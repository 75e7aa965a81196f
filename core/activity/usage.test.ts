import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nanoOfUsd, usdOfNano } from '../base/money.ts';
import { costOf } from './charge.ts';
import fixture from './fixtures/usage-cases.json' with { type: 'json' };
import { chargesOf, compilePrice, price_schema } from './price.ts';
import {
  addUsage,
  mergeMessagesUsage,
  type Usage,
  usageOfChat,
  usageOfEmbeddings,
  usageOfMessages,
  usageOfResponses,
} from './usage.ts';

interface Case {
  name: string;
  wire: keyof typeof normalisers;
  price: keyof typeof fixture.prices;
  source: string;
  raw?: unknown;
  stream?: unknown[];
  usage: Usage | null;
  cost_usd: string | null;
  charged_usd?: string;
}

const normalisers = {
  chat: usageOfChat,
  responses: usageOfResponses,
  messages: usageOfMessages,
  embeddings: usageOfEmbeddings,
};

const cases = fixture.cases as Case[];

const priceOf = (name: Case['price']) => {
  const [provider = '', model = ''] = name.split('/');
  return compilePrice(price_schema.parse({ id: name, version: 'fixture', provider, model, ...fixture.prices[name] }));
};

function costOfUsage(usage: Usage | null, price: Case['price']): string | null {
  const charges = usage && chargesOf(usage, priceOf(price));
  return charges && usdOfNano(costOf(charges));
}

const rawOf = (one: Case): unknown => (one.stream ? one.stream.reduce(mergeMessagesUsage) : one.raw);

describe('golden usage', () => {
  test('covers at least 60 shapes, each with its source', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60);
    expect(new Set(cases.map((one) => one.name)).size).toBe(cases.length);
    expect(cases.filter((one) => one.source.length < 10)).toEqual([]);
  });

  test.each(cases)('$name', (one) => {
    const usage = normalisers[one.wire](rawOf(one));
    expect(usage).toEqual(one.usage);
    expect(costOfUsage(usage, one.price)).toBe(one.cost_usd);
    if (one.charged_usd) expect(nanoOfUsd(one.charged_usd)).toBe(nanoOfUsd(one.cost_usd ?? ''));
  });
});

const names = fc.constantFrom(
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'prompt_tokens_details',
  'completion_tokens_details',
  'input_tokens_details',
  'output_tokens_details',
  'audio_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'thinking_tokens',
  'prompt_cache_hit_tokens',
  'prompt_cache_miss_tokens',
  'cache_creation',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'ephemeral_5m_input_tokens',
  'ephemeral_1h_input_tokens',
  'iterations',
  'type',
  'server_tool_use',
  'web_search_requests',
  '__proto__',
  'constructor',
);
const { raw: anything } = fc.letrec((tie) => ({
  raw: fc.oneof(
    { weight: 4, arbitrary: fc.nat(5_000) },
    {
      weight: 1,
      arbitrary: fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null), fc.constant('compaction')),
    },
    { weight: 4, arbitrary: fc.dictionary(names, tie('raw'), { maxKeys: 9 }) },
    { weight: 1, arbitrary: fc.array(tie('raw'), { maxLength: 3 }) },
  ),
}));

test('whatever a provider says, a usage is whole, in range, and its parts fit in it', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(normalisers)), anything, anything, (normalise, a, b) => {
      for (const raw of [a, mergeMessagesUsage(a, b)]) {
        const usage = normalise(raw);
        if (!usage) continue;
        for (const count of Object.values(usage)) expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
        expect(usage.cached_input_tokens + usage.cache_write_tokens + usage.cache_write_1h_tokens).toBeLessThanOrEqual(
          usage.input_tokens,
        );
        expect(usage.reasoning_tokens).toBeLessThanOrEqual(usage.output_tokens);
        expect(usage.audio_input_tokens ?? 0).toBeLessThanOrEqual(usage.input_tokens);
        expect(usage.audio_output_tokens ?? 0).toBeLessThanOrEqual(usage.output_tokens);
      }
    }),
    { numRuns: 5_000 },
  );
});

test('a usage of the chat wire never loses a token of the total', () => {
  const raw = fc.record({
    prompt_tokens: fc.nat(9_999),
    completion_tokens: fc.nat(9_999),
    total_tokens: fc.nat(29_999),
    prompt_tokens_details: fc.record({ cached_tokens: fc.nat(9_999) }),
    completion_tokens_details: fc.record({ reasoning_tokens: fc.nat(9_999) }),
  });
  fc.assert(
    fc.property(raw, (reported) => {
      const usage = usageOfChat(reported);
      expect(usage && usage.input_tokens + usage.output_tokens).toBeGreaterThanOrEqual(reported.total_tokens);
      expect(usage?.input_tokens).toBeGreaterThanOrEqual(reported.prompt_tokens);
      expect(usage?.output_tokens).toBeGreaterThanOrEqual(reported.completion_tokens);
    }),
  );
});

test('usages add up member by member', () => {
  const [a, b] = cases
    .filter((one) => one.usage?.audio_input_tokens || one.usage?.web_searches)
    .map((one) => one.usage);
  if (!a || !b) throw new Error('the fixture has no such cases');
  const total = addUsage(a, b);
  expect(total.input_tokens).toBe(a.input_tokens + b.input_tokens);
  expect(addUsage(a, { ...a, audio_output_tokens: 3 }).audio_output_tokens).toBe((a.audio_output_tokens ?? 0) + 3);
});
