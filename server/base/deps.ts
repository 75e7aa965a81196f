import crypto, { createHash, type hash, randomBytes, randomFillSync } from 'node:crypto';
import { firstSuffixAt, type IdKind, id_prefixes, suffixOf } from '@aos/core/base/id.ts';
import type { Database } from '../base/database.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Outbound } from './outbound/outbound.ts';
import type { Vault } from './vault.ts';

/** What the rooms of the server need from the outside; time, ids and chance come from here and nowhere else. */
export interface Deps {
  config: Config;
  log: Log;
  clock: Clock;
  makeId: (kind: IdKind) => string;
  db: Database;
  /** Where that database is: for threads, which have connections of their own. */
  database_url: string;
  vault: Vault;
  outbound: Outbound;
  metrics: Metrics;
  /** This process, as the owner of its open holds. */
  instance_id: string;
}

export interface Clock {
  /** Milliseconds since 1970, kept in step with the database's clock: windows are the same on every replica. */
  now(): number;
  /** Tells that the database's clock showed `theirs_ms` at some instant between asking and hearing. */
  follow(theirs_ms: number, asked_monotonic_ms: number): void;
  /** For durations: never jumps. */
  monotonic(): number;
}

/**
 * The time of day is asked once and counted on from there: whoever sets the clock of the machine moves no window. An
 * answer of the database says that its clock shows now what it showed, and at most the round trip more. A clock within
 * these bounds stays as it is, so that a slow answer moves nothing; one outside goes to their middle.
 */
export function realClock(): Clock {
  let began_ms = Date.now() - performance.now();
  return {
    now: () => Math.round(began_ms + performance.now()),
    follow: (theirs_ms, asked_monotonic_ms) => {
      const heard_ms = performance.now();
      const travelled_ms = heard_ms - asked_monotonic_ms;
      const ahead_ms = began_ms + heard_ms - theirs_ms;
      if (ahead_ms < 0 || ahead_ms > travelled_ms) began_ms += travelled_ms / 2 - ahead_ms;
    },
    monotonic: () => performance.now(),
  };
}

/** Randomness is drawn for many ids at once. */
const random = Buffer.alloc(4096);
let drawn = random.length;

/** Where so many bytes stand that nobody has had. */
function draw(bytes: number): number {
  if (drawn + bytes > random.length) {
    randomFillSync(random);
    drawn = 0;
  }
  drawn += bytes;
  return drawn - bytes;
}

const random48 = (): number => random.readUIntBE(draw(6), 6);

/** As far as ids stay ahead of a clock that was set back: far less than what is looked beside an interval for its ids. */
const most_ahead_ms = 10_000;

/**
 * Makes ids that sort by the time they were made, as a clock shows it: within a millisecond too, and when that clock was
 * set back by up to 10 s. Set back further, ids go back with it, and those made before sort behind later ones this once:
 * staying ahead, all rows of that stretch would be missed by whoever looks for them by the time in their ids.
 * The clock of the machine is not asked: where somebody sets it, rows would stand among those of another hour.
 */
export function idMaker(clock: Pick<Clock, 'now'>): (kind: IdKind) => string {
  let latest_ms = 0;
  let sequence = 0;
  return (kind) => {
    const now_ms = clock.now();
    const is_followed = now_ms > latest_ms || latest_ms - now_ms > most_ahead_ms;
    if (is_followed || sequence === 2 ** 32 - 1) {
      latest_ms = is_followed ? now_ms : latest_ms + 1;
      // Half of the range is left to count on in.
      sequence = random48() % 2 ** 31;
    } else sequence += 1;
    return `${id_prefixes[kind]}_${suffixOf(latest_ms, sequence, random48() % 2 ** 42)}`;
  };
}

/** Ids of a clock that follows no other. */
export const makeId = idMaker(realClock());

/** An id of an instant that has passed: its first ten letters are the time. */
export function idAt({ makeId: make }: Pick<Deps, 'makeId'>, kind: IdKind, at_ms: number): string {
  const [prefix = '', suffix = ''] = make(kind).split('_');
  return `${prefix}_${firstSuffixAt(at_ms).slice(0, 10)}${suffix.slice(10)}`;
}

/** Node 20.12 and later. */
const hash_at_once: typeof hash | undefined = crypto.hash;

export const sha256Hex = (data: string | Uint8Array): string =>
  hash_at_once ? hash_at_once('sha256', data, 'hex') : createHash('sha256').update(data).digest('hex');

/** 128 bits in hexadecimal. Names something for as long as it is looked at, and is no secret. */
export function randomName(): string {
  const at = draw(16);
  return random.toString('hex', at, at + 16);
}

/** From 0 to 1, for waits that should not come at the same time. */
export const chance = (): number => Math.random();

export const randomSecret = (bytes: number): Buffer => randomBytes(bytes);
