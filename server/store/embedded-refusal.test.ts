import { expect, test } from 'vitest';
import { hintFor } from './embedded-refusal.ts';

test.each([
  'could not extend file "base/16384/3541_fsm": wrote only 4096 of 8192 bytes at block 2',
  'initdb: error: could not write to file: No space left on device',
])('a disk that is full is told as one: %s', (why) => {
  expect(hintFor(why, 'Check that this user may write there')).toBe('Make room on that disk');
  expect(hintFor('something new', 'Check that this user may write there')).toBe('Check that this user may write there');
});
