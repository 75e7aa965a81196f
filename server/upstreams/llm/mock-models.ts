/** What a model of the built-in provider does. Everything it causes in governance is real. */
export interface MockModel {
  name: string;
  /** In one sentence, for the list of models. */
  description: string;
  /** Words of an unbounded answer, from and to; the prompt decides where between. */
  words: { from: number; to: number };
  /** Before the answer begins. */
  first_ms: number;
  /** Between two chunks of a stream. */
  chunk_ms: number;
  /** A plain answer that its bound ends takes the time that streaming it would take, instead of `first_ms` alone. */
  is_slow_when_plain: boolean;
  says: 'sentences' | 'personal_data' | 'invented_facts';
  /** Answers with an error of the provider instead. */
  fails?: 'error_500' | 'rate_limited' | 'cut';
}

/** The most tokens a mock model generates, with a bound or without. */
export const mock_max_output_tokens = 16_384;

const small = {
  words: { from: 30, to: 60 },
  first_ms: 40,
  chunk_ms: 20,
  is_slow_when_plain: false,
  says: 'sentences',
} as const;

const list: MockModel[] = [
  { ...small, name: 'mock-small', description: 'A short answer, decided by the prompt.' },
  { ...small, name: 'mock-large', description: 'A long answer, decided by the prompt.', words: { from: 250, to: 350 } },
  {
    ...small,
    name: 'mock-slow',
    description: 'Waits 3 s, then says a word a second.',
    words: { from: 8, to: 12 },
    first_ms: 3_000,
    chunk_ms: 1_000,
  },
  {
    ...small,
    name: 'mock-loop',
    description: 'Repeats itself until its bound on output tokens stops it; its plans go in circles.',
    words: { from: 20_000, to: 20_000 },
    is_slow_when_plain: true,
  },
  {
    ...small,
    name: 'mock-pii',
    description: 'Its answer holds an e-mail address and a card number.',
    says: 'personal_data',
  },
  { ...small, name: 'mock-ungrounded', description: 'Invents facts that no source states.', says: 'invented_facts' },
  { ...small, name: 'mock-expensive', description: 'As mock-small, at a high price.' },
  { ...small, name: 'mock-error-500', description: 'Always answers with status 500.', fails: 'error_500' },
  { ...small, name: 'mock-rate-limited', description: 'Always answers with status 429.', fails: 'rate_limited' },
  { ...small, name: 'mock-unknown-price', description: 'As mock-small, without a price.' },
  {
    ...small,
    name: 'mock-stream-cut',
    description: 'Its connection breaks in the middle of the answer.',
    fails: 'cut',
  },
];

export const mock_embedding_model = 'mock-embedding';

const by_name = new Map(list.map((model) => [model.name, model]));

/** The chat model of that name, or undefined. */
export function mockModel(name: string): MockModel | undefined {
  return by_name.get(name);
}

/** Names of all models, for the list of models. */
export const mock_model_names: readonly string[] = [...by_name.keys(), mock_embedding_model];
