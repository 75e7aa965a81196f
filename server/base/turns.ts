import { Problem } from '@aos/core/base/error.ts';

/** Lets so many do something at a time; some wait in order, and whoever comes when these are too many is sent away. */
export class Turns {
  readonly #at_once: number;
  readonly #most_waiting: number;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(at_once: number, most_waiting: number) {
    this.#at_once = at_once;
    this.#most_waiting = most_waiting;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy < this.#at_once) this.#busy += 1;
    else await this.#wait();
    try {
      return await work();
    } finally {
      // A place is handed on, never free in between: nobody overtakes those who wait.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy -= 1;
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#most_waiting)
      throw new Problem('rate_limit_exceeded', 'Too many are signing in at this moment. Try again in a few seconds.', {
        retry_after_s: 5,
      });
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }
}
