/** Things by their instants, the earliest first; of equal ones the one that was added first. A binary heap. */
export class Heap<T extends { at_ms: number }> {
  readonly #items: { of: T; nth: number }[] = [];
  #added = 0;

  get first(): T | undefined {
    return this.#items[0]?.of;
  }

  get size(): number {
    return this.#items.length;
  }

  add(of: T): void {
    const items = this.#items;
    const item = { of, nth: this.#added++ };
    let place = items.push(item) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = items[above];
      if (!parent || !isBefore(item, parent)) break;
      items[place] = parent;
      place = above;
    }
    items[place] = item;
  }

  /** Takes the first one out. */
  take(): T | undefined {
    const items = this.#items;
    const [first] = items;
    const last = items.pop();
    if (last && items.length > 0) this.#sink(last);
    return first?.of;
  }

  /** Puts an item in the place of the first, and lets it down to where it belongs. */
  #sink(item: { of: T; nth: number }): void {
    const items = this.#items;
    let place = 0;
    for (;;) {
      const [left, right] = [items[2 * place + 1], items[2 * place + 2]];
      const least = left && right && isBefore(right, left) ? right : left;
      if (!least || !isBefore(least, item)) break;
      items[place] = least;
      place = 2 * place + (least === left ? 1 : 2);
    }
    items[place] = item;
  }
}

const isBefore = (a: { of: { at_ms: number }; nth: number }, b: { of: { at_ms: number }; nth: number }): boolean =>
  a.of.at_ms < b.of.at_ms || (a.of.at_ms === b.of.at_ms && a.nth < b.nth);
