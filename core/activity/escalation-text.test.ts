import { expect, test } from 'vitest';
import { escalationOf, escalationText } from './escalation-text.ts';

test('an escalation is written and read in one form, and what is none is told from it', () => {
  const of = { more_than: 50, hours: 1 };
  expect(escalationText(of)).toBe('>50/1h');
  expect(escalationOf('>50/1h')).toEqual(of);
  expect(escalationOf(' 50 / 1 h ')).toEqual(of);
  for (const none of ['', '50', '>0/1h', '>50/25h', '>50/0h', '>5x/1h'])
    expect([none, escalationOf(none)]).toEqual([none, null]);
});
