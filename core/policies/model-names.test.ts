import { describe, expect, test } from 'vitest';
import { isAmongModels } from './model-names.ts';

const called = (full: string) => {
  const at = full.indexOf('/');
  return { provider: full.slice(0, at), model: full.slice(at + 1) };
};

describe('a model is the one that its price is for, however its name is written', () => {
  test.each([
    ['gemini-2.5-pro', 'google/models/gemini-2.5-pro'],
    ['google/gemini-2.5-pro', 'google/models/gemini-2.5-pro'],
    ['google/gemini*', 'google/ Models/Gemini-2.5-pro '],
    ['models/gemini-2.5-pro', 'google/gemini-2.5-pro'],
    ['google/models/gemini*', 'google/gemini-2.5-pro'],
    ['GPT-4o', 'openai/gpt-4o'],
    ['gpt-4*', 'openai/GPT-4o'],
    ['Azure/gpt-4*', 'Azure/gpt-4o'],
    ['models/*', 'google/models/gemini-2.5-pro'],
    ['google/models/*', 'google/gemini-2.5-pro'],
  ])('%s takes %s', (pattern, name) => {
    expect(isAmongModels(['other', pattern], called(name))).toBe(true);
  });

  test.each([
    ['models/*', 'google/gemini-2.5-pro'],
    ['google/m*', 'google/models/gemini-2.5-pro'],
    ['gemini-2.5-pro', 'google/models/gemini-2.5-pro-latest'],
    ['openai/gemini*', 'google/models/gemini-2.5-pro'],
  ])('%s does not take %s', (pattern, name) => {
    expect(isAmongModels(['other', pattern], called(name))).toBe(false);
  });
});
