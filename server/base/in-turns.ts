import { setImmediate as others } from 'node:timers/promises';

/** Does work that is long in its turns: whoever waits for this process is served between two of them. */
export async function inTurns<T>(work: Iterator<unknown, T>): Promise<T> {
  for (;;) {
    const { value, done } = work.next();
    if (done) return value;
    await others();
  }
}
