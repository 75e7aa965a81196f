import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { booksAgainstBill } from '../../tools/campaigns/books.ts';
import { conversations } from '../../tools/campaigns/conversations.ts';
import { readRecorded } from '../../tools/campaigns/parts/recorded.ts';

test('what is settled is the provider’s bill, to the token and the nano-dollar, by key, by project and in all', async () => {
  const { figures, broken } = await booksAgainstBill({ calls: 500, in_flight: 48, seed: 11 });
  expect(broken).toEqual([]);
  expect(figures).toMatchObject({ calls: 500, keys: 6, projects: 3, bill: { requests: 500 } });
});

test('recorded answers come through the official client unchanged, and every call is on record, whole', async () => {
  const fixture = fileURLToPath(new URL('fixtures/conversations.jsonl', import.meta.url));
  const { recorded } = await readRecorded(fixture);
  const { figures, broken } = await conversations(recorded);
  expect(broken).toEqual([]);
  expect(figures).toMatchObject({ conversations: 21, streamed: 10, answers_unchanged: 21, records: 21 });
});
