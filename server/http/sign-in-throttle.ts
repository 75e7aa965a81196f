import { Problem } from '@aos/core/base/error.ts';
import type { Database } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';

/** Failures that count, and how many of them lock out an address, or every address from one beginning of a key. */
const remembered_ms = 15 * 60_000;
const most_of_address = 10;
const most_of_prefix = 30;
const prefix_length = 12;
const most_remembered = 10_000;

/** Counts sign-ins that failed, in this process: each replica forgives as many. */
class SignInThrottle {
  readonly #failures = new Map<string, number[]>();

  /**
   * Throws `rate_limit_exceeded` while there have been too many; even the right key is not looked at then. An attempt is
   * counted before what comes of it is known: a thousand guesses sent at once are a thousand guesses.
   */
  async attempt<T>(address: string, key: string, now_ms: number, work: () => Promise<T>): Promise<T> {
    this.#check(address, key, now_ms);
    this.#count(address, key, now_ms);
    try {
      const answer = await work();
      this.#takeBack(address, key, now_ms);
      this.#failures.delete(`address ${address}`);
      return answer;
    } catch (error) {
      const was_refused = error instanceof Problem && (error.code === 'unauthenticated' || error.code === 'forbidden');
      if (!was_refused) this.#takeBack(address, key, now_ms);
      throw error;
    }
  }

  #check(address: string, key: string, now_ms: number): void {
    for (const [name, most] of named(address, key)) {
      const recent = this.#recent(name, now_ms);
      const oldest = recent.at(-most);
      if (oldest === undefined) continue;
      const wait_s = Math.ceil((oldest + remembered_ms - now_ms) / 1000);
      throw new Problem(
        'rate_limit_exceeded',
        `Too many sign-ins have failed. Try again in ${Math.ceil(wait_s / 60)} min; a key in a request header works meanwhile.`,
        { retry_after_s: Math.min(60, wait_s) },
      );
    }
  }

  #count(address: string, key: string, now_ms: number): void {
    if (this.#failures.size > most_remembered) this.#failures.clear();
    for (const [name] of named(address, key)) this.#failures.set(name, [...this.#recent(name, now_ms), now_ms]);
  }

  #takeBack(address: string, key: string, counted_ms: number): void {
    for (const [name] of named(address, key)) {
      const left = [...(this.#failures.get(name) ?? [])];
      const at = left.indexOf(counted_ms);
      if (at < 0) continue;
      left.splice(at, 1);
      if (left.length > 0) this.#failures.set(name, left);
      else this.#failures.delete(name);
    }
  }

  #recent(name: string, now_ms: number): number[] {
    return (this.#failures.get(name) ?? []).filter((at_ms) => now_ms - at_ms < remembered_ms).slice(-most_of_prefix);
  }
}

const named = (address: string, key: string): [string, number][] => [
  [`address ${address}`, most_of_address],
  [`prefix ${key.slice(0, prefix_length)}`, most_of_prefix],
];

/** What people show here, a key or a password; or their provider of identities, which guesses nothing of ours. */
type Way = 'secret' | 'oidc';

const throttles = new WeakMap<Database, Record<Way, SignInThrottle>>();

/** Counted apart: whom a provider of identities sends in vain keeps nobody else from their key or password. */
export function signInThrottleOf({ db }: Deps, way: Way): SignInThrottle {
  const known = throttles.get(db) ?? { secret: new SignInThrottle(), oidc: new SignInThrottle() };
  throttles.set(db, known);
  return known[way];
}
