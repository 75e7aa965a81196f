import { expect, test } from 'vitest';
import { marksIn } from './marks-in.ts';

test('a sentence is cut at its keys, runs and instants', () => {
  const [run, key, at] = [
    'run_01JDABCDEFGHJKMNPQRSTVWXYZ',
    'key_01JDABCDEFGHJKMNPQRSTVWXYZ',
    '2026-11-29T22:04:50.918Z',
  ];
  expect(marksIn(`the run "${run}" was killed by the key ${key} at ${at}: audit.`)).toEqual([
    'the run "',
    { id: run },
    '" was killed by the key ',
    { id: key },
    ' at ',
    { at },
    ': audit.',
  ]);
});

test('words that only look like one stay words', () =>
  expect(marksIn('its run_id and key_count on 2026-11-29.')).toEqual(['its run_id and key_count on 2026-11-29.']));
