import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { hashOf, no_rank, Vocabulary } from './vocabulary.ts';

const lines = readFileSync(createRequire(import.meta.url).resolve('gpt-tokenizer/data/o200k_base.tiktoken'));
const vocabulary = new Vocabulary(lines);
/** By the bytes of each token, as a text of Latin letters. */
const listed = new Map<string, number>();
for (const line of lines.toString('latin1').trimEnd().split('\n')) {
  const [token = '', rank] = line.split(' ');
  listed.set(Buffer.from(token, 'base64').toString('latin1'), Number(rank));
}
const rankOf = (text: string): number => {
  const bytes = Buffer.from(text, 'latin1');
  return vocabulary.rankOf(hashOf(bytes, 0, bytes.length), bytes, 0, bytes.length);
};

test('every token is found at its rank', () => {
  expect(listed.size).toBe(199_998);
  expect([...listed].filter(([token, rank]) => rankOf(token) !== rank)).toEqual([]);
});

/** Among so many texts some have the hash of a token of the same length, and are none all the same. */
test('a text that is no token is not found', () => {
  const texts = [...listed.keys()].flatMap((token) => ['a', 'q', 'X', '7', '-'].map((end) => token + end));
  expect(texts.filter((text) => rankOf(text) !== (listed.get(text) ?? no_rank))).toEqual([]);
});

test('what is no list of tokens is refused', () => {
  const of = (text: string) => new Vocabulary(Buffer.from(text));
  expect(() => of('YQ== 0')).toThrow('no list of tokens');
  expect(() => of('YQ== 0\nYg== 1\nYQ== 2\n')).toThrow('rank 2 is there twice');
});
