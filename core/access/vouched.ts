import { epochMs } from '../base/time.ts';
import type { Member } from './member.ts';

/** What a provider of identities says of whoever came back from it. */
export interface Vouched {
  /** Who they are there, for ever; an address may pass to somebody else. */
  subject: string;
  /** With its letters of ASCII in lower case; null: it did not say. */
  email: string | null;
  is_verified: boolean;
}

/** What is known here of the member with that address. */
export interface Vouchee extends Pick<Member, 'status' | 'invite_expires_at' | 'locked_until'> {
  /** Who they were there when they signed in that way first; null: they have not. */
  oidc_subject: string | null;
}

const refusals = {
  no_email: 'Your identity provider did not say which e-mail address you have. Its administrator lets it tell "email".',
  not_ascii: 'Addresses with letters beyond ASCII do not sign in this way. Sign in with a password.',
  not_verified:
    'Your identity provider has not verified your e-mail address ("email_verified"). Verify it there, then sign in again.',
  other_domain: 'Addresses of this domain do not sign in here. Use the account of an address that does.',
  no_member: 'Nobody with your e-mail address was invited here. Ask an admin to invite it, under Settings, Members.',
  disabled: 'Your membership is disabled. An admin enables it, under Settings, Members.',
  locked: 'You are locked out, because of wrong passwords. Try again in 15 minutes, or ask an admin for a new link.',
  lapsed: 'Your invitation has lapsed. Ask an admin for a new one.',
  other_subject:
    'Somebody else signed in here with this address before. If the address is yours now, ask an admin for a new link.',
} as const;
export type Refusal = keyof typeof refusals;

/** What to tell the person, and what they can do. */
export const refusalText = (refusal: Refusal): string => refusals[refusal];

/** Why an address is not looked for. An empty list of domains is all of them. */
export function refusalOfAddress({ email, is_verified }: Vouched, domains: readonly string[]): Refusal | null {
  if (email === null) return 'no_email';
  // Letters beyond it may fold into those of another address: the sign of Kelvin is a small "k".
  if (!/^[\x21-\x7e]*$/.test(email)) return 'not_ascii';
  if (!is_verified) return 'not_verified';
  return domains.length === 0 || domains.includes(email.slice(email.lastIndexOf('@') + 1)) ? null : 'other_domain';
}

/** Why somebody with a verified address is not let in at this instant. */
export function refusalOfMember({ subject }: Vouched, member: Vouchee | undefined, now_ms: number): Refusal | null {
  const isPast = (at: string | null) => at === null || epochMs(at) <= now_ms;
  if (!member) return 'no_member';
  if (member.status === 'disabled') return 'disabled';
  if (!isPast(member.locked_until)) return 'locked';
  if (member.status === 'invited' && isPast(member.invite_expires_at)) return 'lapsed';
  return member.oidc_subject === null || member.oidc_subject === subject ? null : 'other_subject';
}
