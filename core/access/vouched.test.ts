import { describe, expect, test } from 'vitest';
import { refusalOfAddress, refusalOfMember, refusalText, type Vouchee } from './vouched.ts';

const now_ms = Date.parse('2026-03-01T12:00:00.000Z');
const earlier = '2026-03-01T11:59:59.999Z';
const later = '2026-03-01T12:00:00.001Z';
const vouched = { subject: 'sub-1', email: 'ann@example.com', is_verified: true };
const member: Vouchee = { status: 'active', invite_expires_at: null, locked_until: null, oidc_subject: null };

describe('an address that a provider of identities vouches for', () => {
  test('is looked for when it is verified and of a domain that signs in here', () => {
    expect(refusalOfAddress(vouched, [])).toBeNull();
    expect(refusalOfAddress(vouched, ['example.org', 'example.com'])).toBeNull();
    expect(refusalOfAddress(vouched, ['ample.com'])).toBe('other_domain');
    expect(refusalOfAddress({ ...vouched, email: '"x@example.com"@evil.test' }, ['example.com'])).toBe('other_domain');
    expect(refusalOfAddress({ ...vouched, is_verified: false }, [])).toBe('not_verified');
    expect(refusalOfAddress({ ...vouched, email: null }, [])).toBe('no_email');
    expect(refusalOfAddress({ ...vouched, email: 'jac\u212a@example.com' }, [])).toBe('not_ascii');
  });
});

describe('somebody with a verified address', () => {
  test.each<[string, Partial<Vouchee>, string | null]>([
    ['an active member is let in', {}, null],
    ['whoever is invited is let in', { status: 'invited', invite_expires_at: later }, null],
    ['an invitation lapses', { status: 'invited', invite_expires_at: earlier }, 'lapsed'],
    ['whoever is disabled is not', { status: 'disabled' }, 'disabled'],
    ['whoever is locked out is not', { locked_until: later }, 'locked'],
    ['a lock ends', { locked_until: earlier }, null],
    ['the same person comes again', { oidc_subject: 'sub-1' }, null],
    ['an address that has passed to somebody else opens nothing', { oidc_subject: 'sub-0' }, 'other_subject'],
  ])('%s', (_, more, refusal) => {
    expect(refusalOfMember(vouched, { ...member, ...more }, now_ms)).toBe(refusal);
  });

  test('is told what to do when nobody invited them', () => {
    expect(refusalOfMember(vouched, undefined, now_ms)).toBe('no_member');
    expect(refusalText('no_member')).toContain('Ask an admin');
  });
});
