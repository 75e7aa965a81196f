import type { StopSignal } from '../upstreams/llm/define.ts';

/** Aborts once. Every call has one and hardly any uses it: making an `AbortController` for each costs 5 µs. */
export class Stopper implements StopSignal {
  aborted = false;
  readonly #listeners: (() => void)[] = [];

  /** Who listens after the abort is told nothing: look at `aborted` first. */
  addEventListener(_: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of this.#listeners.splice(0)) listener();
  }

  asAbortSignal(): AbortSignal {
    const controller = new AbortController();
    if (this.aborted) controller.abort();
    else this.addEventListener('abort', () => controller.abort());
    return controller.signal;
  }
}
