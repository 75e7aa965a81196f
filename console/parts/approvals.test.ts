import { expect, test } from 'vitest';
import { effectOf } from './approvals.ts';

const run_id = 'run_1';
const ended = '2026-11-29T22:04:50.918Z';

test('an answer to a run that goes on lets it go on', () =>
  expect(effectOf({ run_id, run_ended_at: null, subject: 'run_1' })).toBe('goes on'));

test.each(['run_1', 'agt_1 run_1'])('of a run that has ended, nothing waits for an answer about %s', (subject) =>
  expect(effectOf({ run_id, run_ended_at: ended, subject })).toBe('nothing'),
);

test.each(['*', 'agt_1', 'agt_1 ses_1'])('later calls of others who share %s are still answered', (subject) =>
  expect(effectOf({ run_id, run_ended_at: ended, subject })).toBe('later calls'),
);
