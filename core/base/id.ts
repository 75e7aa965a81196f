import { z } from 'zod';
import { assert } from './assert.ts';

/** The kinds of object that have an id; the prefix of a TypeID names the kind. */
export const id_prefixes = {
  tenant: 'ten',
  project: 'prj',
  agent: 'agt',
  actor: 'act',
  user: 'usr',
  api_key: 'key',
  sign_in: 'sgn',
  session: 'ses',
  run: 'run',
  trace: 'trc',
  step: 'stp',
  policy: 'pol',
  control: 'ctl',
  snapshot: 'snp',
  override: 'ovr',
  exemption: 'exm',
  decision: 'dec',
  violation: 'vio',
  incident: 'inc',
  price: 'prc',
  record: 'rec',
  event: 'evt',
  provider: 'pvd',
  instance: 'ins',
  stop: 'sto',
  approval: 'apr',
  pause: 'pau',
  channel: 'chn',
  alert: 'alr',
  delivery: 'dlv',
  preview: 'pvw',
  plan: 'pln',
  signal: 'sig',
  view: 'viw',
} as const;

export type IdKind = keyof typeof id_prefixes;

/** 26 characters of Crockford base32: a UUIDv7, so ids sort by the time they were made. */
const suffix = '[0-7][0-9a-hjkmnp-tv-z]{25}';

const form = new RegExp(`^${suffix}$`);

/** A schema for the id of one kind of object, for example `idOf('run')` for `run_01h…`. */
export const idOf = (kind: IdKind) =>
  z.string().regex(new RegExp(`^${id_prefixes[kind]}_${suffix}$`), `must be a ${kind} id (${id_prefixes[kind]}_…)`);

/** Whether a text has the form of an id of this kind: what is asked of every call makes no schema for it. */
export function isIdOf(kind: IdKind, text: string): boolean {
  const prefix = `${id_prefixes[kind]}_`;
  return text.startsWith(prefix) && form.test(text.slice(prefix.length));
}

/** What stands where a policy's id would, when none had a part in it: said explicitly, never left out. */
export const no_policy = 'SYSTEM_DEFAULT';

/** The id of a policy or control, or SYSTEM_DEFAULT where none had a part in it, as when a key is not bound. */
export const idOrDefault = (kind: 'policy' | 'control') => z.union([idOf(kind), z.literal(no_policy)]);

/** Same instant and same randomness under another prefix: the step, record and decision of one call share a suffix. */
export function sibling(id: string, kind: IdKind): string {
  return `${id_prefixes[kind]}_${id.slice(id.lastIndexOf('_') + 1)}`;
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** All pairs of letters in their order. */
const pairs = Array.from(alphabet, (first) => Array.from(alphabet, (second) => first + second)).flat();

/** A whole number below 2^50 in an even count of letters. */
function letters(value: number, count: number): string {
  let text = '';
  for (let left = value, n = 0; n < count; n += 2) {
    text = pairs[left % 1024] + text;
    left = Math.floor(left / 1024);
  }
  return text;
}

/** The smallest id suffix of an instant (whole milliseconds since 1970): bounds of the partitions by id. */
export function firstSuffixAt(epoch_ms: number): string {
  assert(Number.isSafeInteger(epoch_ms) && epoch_ms >= 0, `${epoch_ms} is no instant of an id`);
  return letters(epoch_ms, 10).padEnd(26, '0');
}

/**
 * The suffix of a new id, a UUIDv7 (RFC 9562, 5.7 and 6.2, method 1): 48 bits of time, version 7, the 32 bits of
 * `sequence` around the variant, then the 42 bits of `chance`. Ids of one millisecond sort by their sequence.
 */
export function suffixOf(epoch_ms: number, sequence: number, chance: number): string {
  const [high, low] = [Math.floor(sequence / 2 ** 20), sequence % 2 ** 20];
  const middle = 7 * 2 ** 36 + high * 2 ** 24 + 2 * 2 ** 22 + low * 4 + Math.floor(chance / 2 ** 40);
  return letters(epoch_ms, 10) + letters(middle, 8) + letters(chance % 2 ** 40, 8);
}

/** The instant (milliseconds since 1970) that an id carries: the first ten letters, whose 50 bits begin with two zeros. */
export function instantOf(id: string): number {
  const first = id.length - 26;
  let value = 0;
  for (let n = first; n < first + 10; n++) value = value * 32 + alphabet.indexOf(id.charAt(n));
  return value;
}
