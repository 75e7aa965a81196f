import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { countInput, inputTokensBound } from './prompt.ts';
import { type Tokenizer, tokenizerOf, utf8Bytes } from './tokens.ts';
import { Vocabulary } from './vocabulary.ts';
import type { PromptSize } from './wires/define.ts';

const vocabulary_file = createRequire(import.meta.url).resolve('gpt-tokenizer/data/o200k_base.tiktoken');
let tokenizer: Tokenizer;

function inputTokensExact(size: PromptSize, provider: string, model: string, most = inputTokensBound(size, model, [])) {
  const counting = countInput(size, tokenizer, { provider, model, pdfs: [], most });
  for (;;) {
    const { value, done } = counting.next();
    if (done) return value;
  }
}

beforeAll(async () => {
  tokenizer = tokenizerOf(new Vocabulary(readFileSync(vocabulary_file)));
});

const promptOf = (text: string, messages: number, images = 0): PromptSize => ({
  text_bytes: utf8Bytes(text),
  messages,
  images,
  pdfs: [],
  unseen: 0,
  text: () => text,
});

const models = [
  'gpt-4o',
  'gpt-5.6-sol',
  'openai/o3',
  'gpt-4',
  'claude-opus-4-8',
  'gemini-2.5-pro',
  'grok-4.3',
  'llama-9',
  'mock-small',
];

test('the bound is above the tight count, and both grow with every part of a prompt', () => {
  const providers = fc.constantFrom('openai', 'azure', 'anthropic', 'mock', 'groq');
  const prompt = fc.record({
    text: fc.string({ unit: 'binary', maxLength: 400 }),
    messages: fc.nat(20),
    images: fc.nat(4),
  });
  fc.assert(
    fc.property(prompt, providers, fc.constantFrom(...models), ({ text, messages, images }, provider, model) => {
      const size = promptOf(text, messages, images);
      const bound = inputTokensBound(size, model, []);
      expect(inputTokensExact(size, provider, model)).toBeLessThanOrEqual(bound);
      expect(inputTokensExact(size, provider, model)).toBeGreaterThanOrEqual(messages);
      expect(inputTokensBound(promptOf(`${text}a`, messages, images), model, [])).toBe(bound + 1);
      expect(inputTokensBound(promptOf(text, messages + 1, images), model, [])).toBeGreaterThan(bound);
    }),
  );
});

describe('the tight count', () => {
  // Recorded calls: https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken
  const messages: [string, string, string?][] = [
    ['system', 'You are a helpful, pattern-following assistant that translates corporate jargon into plain English.'],
    ['system', 'New synergies will help drive top-line growth.', 'example_user'],
    ['system', 'Things working well together will increase revenue.', 'example_assistant'],
    [
      'system',
      "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
      'example_user',
    ],
    ['system', "Let's talk later when we're less busy about how to do better.", 'example_assistant'],
    ['user', "This late pivot means we don't have time to boil the ocean for the client deliverable."],
  ];

  test.each(['gpt-4o', 'gpt-4o-mini'])('is at or above the 124 tokens %s reports for the cookbook example', (model) => {
    const size = promptOf(messages.flat().join(''), messages.length);
    const tight = inputTokensExact(size, 'openai', model);
    expect(tight).toBeGreaterThanOrEqual(124);
    expect(tight).toBeLessThan(inputTokensBound(size, model, []) / 2);
  });

  test('is the bound where the encoding is not known', () => {
    const size = promptOf('How much is left of the budget?', 1);
    for (const [provider, model] of [
      ['anthropic', 'claude-opus-5'],
      ['openai', 'gpt-4'],
      ['groq', 'gpt-4o'],
    ] as const)
      expect(inputTokensExact(size, provider, model)).toBe(inputTokensBound(size, model, []));
  });

  test('is counted in turns, and no further than it matters', () => {
    const turns = (letters: number, most: number) => {
      const size = promptOf('qx zk '.repeat(letters / 6), 1);
      return [...countInput(size, tokenizer, { provider: 'openai', model: 'gpt-4o', pdfs: [], most })].length;
    };
    expect(turns(6_000, Infinity)).toBe(0);
    expect(turns(600_000, Infinity)).toBeGreaterThan(20);
    expect(turns(600_000, 20_000)).toBeLessThan(10);
    expect(inputTokensExact(promptOf('word '.repeat(50_000), 1), 'openai', 'gpt-4o', 20_000)).toBe(20_000);
  });

  test('is a quarter of the bytes and one per message for the mock', () => {
    expect(inputTokensExact(promptOf('abcdefgh', 2), 'mock', 'mock-small')).toBe(4);
  });
});

test.each([
  ['gpt-4o', 1_105], // 2048 × 4096, high detail
  ['gpt-4o-mini', 8_512], // reported for one tile and five words
  ['gpt-4.1', 1_105],
  ['gpt-4.1-mini', 2_362], // reported for 2400 × 1800
  ['claude-sonnet-4-5-20250929', 1_600],
  ['claude-opus-4-20250514', 1_600],
  ['claude-opus-4-7', 4_784],
  ['openai/gpt-6-astra', 10_000],
])('an image on %s is bounded by at least the documented %i tokens', (model, documented) => {
  const one = inputTokensBound(promptOf('', 1, 1), model, []) - inputTokensBound(promptOf('', 1, 0), model, []);
  expect(one).toBeGreaterThanOrEqual(documented);
});
