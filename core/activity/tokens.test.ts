import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { mockTokens, StreamCounter, type Tokenizer, textTokensBound, tokenizerOf, utf8Bytes } from './tokens.ts';
import { Vocabulary } from './vocabulary.ts';

const vocabulary_file = createRequire(import.meta.url).resolve('gpt-tokenizer/data/o200k_base.tiktoken');
let tokenizer: Tokenizer;
let exact: (text: string) => number;

beforeAll(async () => {
  tokenizer = tokenizerOf(new Vocabulary(readFileSync(vocabulary_file)));
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
  exact = (text) => countTokens(text, { disallowedSpecial: new Set() });
});

const words = fc.constantFrom(
  'the',
  'Governance',
  ' of',
  "I're",
  "don't",
  'naïve',
  'Straße',
  '漢字',
  '東京ABC',
  'ABCdef',
  '日本語です。',
  'नमस्ते',
  'שלום',
  'مرحبا',
  '👩‍👩‍👧',
  '🇩🇪',
  '𝟙𝟚',
  'e\u0301\u0301',
  '12345678',
  '3.14',
  '{"a": [1, null]}',
  'const x = (a) => a?.b ?? 0;',
  '\n',
  '\r\n\r\n',
  '   ',
  '\t\t',
  ' \n ',
  '/',
  '//',
  '---',
  "'",
  "''",
  "'s",
  '<|endoftext|>',
  '#'.repeat(70),
  'aGVsbG8gd29ybGQ+',
  'ſ',
  '½',
  '\ud83d',
  '\udc4d',
);
const text = fc.array(
  fc.oneof({ weight: 6, arbitrary: words }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 9 }) }),
  {
    maxLength: 1_500,
  },
);

/** A text in parts of the given sizes, again and again; the sizes do not respect code points. */
function inParts(whole: string, sizes: number[]): string[] {
  const parts: string[] = [];
  for (let from = 0, i = 0; from < whole.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    parts.push(whole.slice(from, from + size));
    from += size;
  }
  return parts;
}

function counted(parts: string[], onEach: (counter: StreamCounter) => void = () => {}): StreamCounter {
  const counter = new StreamCounter(tokenizer);
  for (const part of parts) {
    counter.add(part);
    onEach(counter);
  }
  return counter;
}

describe('the tokenizer', () => {
  test('counts ordinary text exactly as the encoder does', () => {
    fc.assert(
      fc.property(text, (parts) => {
        const whole = parts.join(' ');
        expect(tokenizer.count(whole)).toBe(exact(whole));
      }),
      { numRuns: 60 },
    );
  });

  test('counts the same in turns, between which others count', () => {
    const drained = (whole: string) => {
      const counting = tokenizer.counting(whole);
      for (let turns = 0; ; turns++) {
        const { value, done } = counting.next();
        if (done) return { value, turns };
        tokenizer.count('another text');
      }
    };
    const paragraph = "I're naïve, 漢字 12345 don't  {}\n";
    for (const whole of ['', 'x', paragraph.repeat(3_000), 'a'.repeat(200_000), '👩‍👩‍👧'.repeat(20_000)]) {
      const { value, turns } = drained(whole);
      expect(value).toBe(tokenizer.count(whole));
      expect(turns).toBeGreaterThanOrEqual(Math.floor(whole.length / 17_000));
    }
  });

  test('takes text that looks like a control token for text', () => {
    expect(tokenizer.count('<|endoftext|>')).toBeGreaterThan(1);
  });

  test.each([
    ['letters', 'a'.repeat(200_000)],
    [
      'mixed letters',
      Array.from({ length: 200_000 }, (_, i) => 'abcdefghijklmnopqrstuvwxyz'[(i * i + 7 * i) % 26]).join(''),
    ],
    ['spaces', ' '.repeat(200_000)],
    ['dashes', '-'.repeat(200_000)],
    [
      'ideographs',
      Array.from({ length: 200_000 }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7_919) % 20_000))).join(''),
    ],
    ['newlines and slashes', `!${'\n/'.repeat(100_000)}`],
    ['letters with marks', 'a\u0301'.repeat(100_000)],
    ['emoji', '👍'.repeat(100_000)],
    ['words just short of the limit', `${'x'.repeat(254)} `.repeat(800)],
  ])('is not slow on 200,000 characters of %s', (_, run) => {
    const begin = performance.now();
    const tokens = tokenizer.count(run);
    expect(performance.now() - begin).toBeLessThan(5_000);
    expect(tokens).toBeLessThanOrEqual(textTokensBound(utf8Bytes(run)));
    expect(tokens).toBeGreaterThan(0);
  });

  test('is off by less than 1 % where it cuts a run', () => {
    for (const run of [
      'ab'.repeat(1_500),
      '-=#'.repeat(1_000),
      '人工知能'.repeat(800),
      'loremipsumdolorsit'.repeat(170),
    ]) {
      const whole = `Before ${run} after`;
      expect(Math.abs(tokenizer.count(whole) - exact(whole))).toBeLessThanOrEqual(exact(whole) * 0.01 + 12);
    }
  });
});

describe('a stream', () => {
  test('counts the same tokens and bytes however its text is cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 9 }), (parts, sizes) => {
        const whole = parts.join('');
        const counter = counted(inParts(whole, sizes));
        expect(counter.tokens).toBe(tokenizer.count(whole));
        expect(counter.bytes).toBe(new TextEncoder().encode(whole).length);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ["I'", "'re in"],
    ["I'", 're in'],
    ["I'l", 'l be'],
    ['e', '\u0301te'],
    ['x-e\u0301', '\u0301 y'],
    ['漢字ABC', "def's"],
    ['cafe\u0301', 'te au'],
    ['नमस्', 'ते'],
    ['สวัสดี', 'ครับ'],
    ['12', '345'],
    ['a1', '2b'],
    ['\ud83d', '\udc4d!'],
    ['end ', '  of'],
    ['end', '\r\n\r\n'],
    ['!', '\n//'],
  ])('counts the same tokens when a chunk ends behind %j and goes on with %j', (end, start) => {
    const filler = 'reserve then settle '.repeat(30);
    const whole = filler + end + start;
    expect(counted([filler + end, start]).tokens).toBe(exact(whole));
  });

  test('counts the same tokens at every moment', () => {
    const whole = 'Reserve, then settle: a hold is taken before the call. '.repeat(40);
    let seen = '';
    const counter = new StreamCounter(tokenizer);
    for (const part of inParts(whole, [3, 7, 1, 11])) {
      counter.add(part);
      seen += part;
      expect(counter.tokens).toBe(tokenizer.count(seen));
    }
  });

  test('is off by a few tokens at most where a run has no boundary', () => {
    for (const run of [
      '-'.repeat(60_000),
      'é'.repeat(60_000),
      '👍'.repeat(30_000),
      ' '.repeat(60_000),
      'aB'.repeat(30_000),
    ]) {
      const whole = `A line: ${run} end.`;
      const counter = counted(inParts(whole, [4, 9]));
      const cuts = Math.ceil(whole.length / 3_840);
      expect(Math.abs(counter.tokens - tokenizer.count(whole))).toBeLessThanOrEqual(4 * cuts);
    }
  });

  test('takes linear time, asked after every chunk', () => {
    const chunk = 'and so on, ';
    const time = (chunks: number): number => {
      const begin = performance.now();
      counted(
        Array.from({ length: chunks }, () => chunk),
        (counter) => counter.bytes,
      );
      return performance.now() - begin;
    };
    time(2_000);
    expect(time(80_000)).toBeLessThan(Math.max(20 * time(8_000), 200));
  });
});

test('bytes are those of UTF-8, and bound the tokens', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (some) => {
      expect(utf8Bytes(some)).toBe(new TextEncoder().encode(some).length);
      expect(tokenizer.count(some)).toBeLessThanOrEqual(textTokensBound(utf8Bytes(some)));
    }),
  );
  expect(utf8Bytes('\ud83d')).toBe(3);
});

test.each([16_381, 16_382, 16_383, 16_384])(
  'bytes of a long text, with a pair of halves behind %i letters',
  (letters) => {
    const text = `${'a'.repeat(letters)}😀${'é'.repeat(20_000)}\ud83d${'漢'.repeat(20_000)}`;
    expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
  },
);

test('the mock models count a token per four bytes, rounded up', () => {
  expect([mockTokens(''), mockTokens('a'), mockTokens('abcd'), mockTokens('abcde'), mockTokens('äöü')]).toEqual([
    0, 1, 1, 2, 2,
  ]);
});
