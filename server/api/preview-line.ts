import { setTimeout as waited } from 'node:timers/promises';

/** How often somebody in the line looks whether the turn has come, and after how many looks asks whether to go on. */
const looked_every_ms = 100;
const looks_for_a_question = 10;

/** Lets so many work at once; the others wait in the order in which they came, for as long as they are wanted. */
export class PreviewLine {
  readonly #at_once: number;
  /** The first `at_once` are at work. */
  readonly #line: symbol[] = [];

  constructor(at_once: number) {
    this.#at_once = at_once;
  }

  /** Does `work` when its turn has come. Until then `goesOn` is asked once a second; null: it was not wanted any more. */
  async inTurn<T>(goesOn: () => Promise<boolean>, work: () => Promise<T>): Promise<T | null> {
    const place = Symbol('a place in the line');
    this.#line.push(place);
    try {
      for (let looks = 0; this.#line.indexOf(place) >= this.#at_once; looks++) {
        if (looks % looks_for_a_question === 0 && !(await goesOn())) return null;
        await waited(looked_every_ms, undefined, { ref: false });
      }
      return await work();
    } finally {
      this.#line.splice(this.#line.indexOf(place), 1);
    }
  }
}
