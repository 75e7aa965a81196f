import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Tokenizer, tokenizerOf } from '@aos/core/activity/tokens.ts';
import { Vocabulary } from '@aos/core/activity/vocabulary.ts';

let loaded: Promise<Tokenizer> | undefined;

/**
 * The o200k encoding of OpenAI's models since GPT-4o, read on the first call and kept. Its list of tokens is read from
 * the package as the file it is: a module that lists them stays in memory for good.
 */
export function loadTokenizer(): Promise<Tokenizer> {
  loaded ??= readFile(createRequire(import.meta.url).resolve('gpt-tokenizer/data/o200k_base.tiktoken')).then((lines) =>
    tokenizerOf(new Vocabulary(lines)),
  );
  return loaded;
}
