import { expect, test } from 'vitest';
import { earlierOf } from './metric-range.ts';

const now_ms = Date.parse('2026-11-22T12:34:56.000Z');
const open = { to: undefined, is_marked: false };

test('what was before is as long as the range, to the minute, hour or day it is in', () => {
  expect(earlierOf({ ...open, from: '2026-11-22T11:35:00.000Z', bucket: 'minute' }, now_ms)).toEqual({
    from: '2026-11-22T10:35:00.000Z',
    to: '2026-11-22T11:35:00.000Z',
    bucket: 'minute',
  });
  expect(earlierOf({ ...open, from: '2026-11-21T13:00:00.000Z', bucket: 'hour' }, now_ms)).toEqual({
    from: '2026-11-20T13:00:00.000Z',
    to: '2026-11-21T13:00:00.000Z',
    bucket: 'hour',
  });
  expect(earlierOf({ ...open, from: '2026-10-24T00:00:00.000Z', bucket: 'day' }, now_ms)).toEqual({
    from: '2026-09-24T00:00:00.000Z',
    to: '2026-10-23T13:00:00.000Z',
    bucket: 'day',
  });
});

test('what was before a stretch that was marked ends where it begins', () => {
  const marked = {
    from: '2026-11-20T10:00:00.000Z',
    to: '2026-11-20T12:30:00.000Z',
    bucket: undefined,
    is_marked: true,
  };
  expect(earlierOf(marked, now_ms)).toEqual({ from: '2026-11-20T07:30:00.000Z', to: marked.from, bucket: undefined });
});
