/** Of so many names numbers are kept; of more, the one that was noted longest ago is forgotten. */
const most_names = 500;
const most_numbers = 500;

/** The latest numbers that were noted under each name. */
export class Recent {
  readonly #of = new Map<string, { numbers: number[]; next: number }>();

  note(name: string, number: number): void {
    const kept = this.#of.get(name) ?? { numbers: [], next: 0 };
    kept.numbers[kept.next] = number;
    kept.next = (kept.next + 1) % most_numbers;
    this.#of.delete(name);
    this.#of.set(name, kept);
    const [oldest] = this.#of.keys();
    if (this.#of.size > most_names && oldest !== undefined) this.#of.delete(oldest);
  }

  /** What so large a share of them, 0 to 1, does not go beyond; null: nothing was noted. */
  quantile(name: string, share: number): number | null {
    const sorted = [...(this.#of.get(name)?.numbers ?? [])].sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
  }
}
