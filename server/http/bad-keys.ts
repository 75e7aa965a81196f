import { Problem } from '@aos/core/base/error.ts';
import type { Deps } from '../base/deps.ts';

/**
 * Keeps an address that presents one bad key after the other away from the database. Each look-up of a key that is not
 * known to be good fills its address's bucket, which leaks all the time; when it is full, such keys are not looked up.
 */
export interface BadKeys {
  /** To be called before a key is looked up. Throws `rate_limit_exceeded`; else tells how to report what came of it. */
  admit(hash: string, address: string | undefined): { wasGood(): void; wasBad(): void; isUnknown(): void };
}

/** Keys that were good here lately, and addresses with bad ones: more are not kept, and the oldest give way. */
const kept_max = 10_000;

interface Bucket {
  level: number;
  at_ms: number;
}

export function createBadKeys({ clock, config }: Pick<Deps, 'clock' | 'config'>): BadKeys {
  const full = config.bad_keys_per_minute;
  const leak_per_ms = full / 60_000;
  const good = new Set<string>();
  const buckets = new Map<string, Bucket>();

  const bucketOf = (address: string): Bucket => {
    const now_ms = clock.monotonic();
    const found = buckets.get(address) ?? { level: 0, at_ms: now_ms };
    const level = Math.max(0, found.level - (now_ms - found.at_ms) * leak_per_ms);
    const bucket = { level, at_ms: now_ms };
    buckets.delete(address);
    buckets.set(address, bucket);
    dropOldest(buckets);
    return bucket;
  };

  return {
    admit(hash, from) {
      const address = networkOf(from);
      const is_counted = full > 0 && !good.has(hash);
      // Counted before it is known: a thousand guesses sent at once are a thousand look-ups.
      if (is_counted) {
        const bucket = bucketOf(address);
        if (bucket.level + 1 > full) throw tooMany((bucket.level + 1 - full) / leak_per_ms / 1000);
        bucket.level += 1;
      }
      const takeBack = () => {
        if (!is_counted) return;
        const bucket = bucketOf(address);
        bucket.level = Math.max(0, bucket.level - 1);
      };
      return {
        wasGood: () => {
          takeBack();
          good.delete(hash);
          good.add(hash);
          dropOldest(good);
        },
        wasBad: () => void good.delete(hash),
        isUnknown: takeBack,
      };
    },
  };
}

function dropOldest(kept: Map<string, unknown> | Set<string>): void {
  const [oldest] = kept.keys();
  if (kept.size > kept_max && oldest !== undefined) kept.delete(oldest);
}

const tooMany = (wait_s: number): Problem =>
  new Problem(
    'rate_limit_exceeded',
    'Too many keys that are not known here came from your address. Keys that have been in use go on working; another one can be tried again in a moment.',
    { retry_after_s: wait_s },
  );

/**
 * Who has one address of IPv6 has as many as he likes of the same 64 bits. A connection that has closed meanwhile tells
 * no address any more; all such share one bucket.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'closed';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

const kept = new WeakMap<object, BadKeys>();

/** Those of the process. */
export function badKeysOf(deps: Deps): BadKeys {
  const known = kept.get(deps.db) ?? createBadKeys(deps);
  kept.set(deps.db, known);
  return known;
}
