import { nanoOfUsd, usdOfNano } from '../base/money.ts';
import type { Figures } from './metrics.ts';

/** Calls of one duration that add up to one part of the metrics. Counts are whole numbers as text. */
export interface CallPart {
  duration_ms: number;
  calls: string;
  failed: string;
  unpriced_calls: string;
  input_tokens: string;
  output_tokens: string;
  cost_usd: string;
}

/** Adds parts up to figures: money as whole nano-dollars, never as a float. */
export class FigureSum {
  #calls = 0;
  #failed = 0;
  #unpriced = 0;
  #refused = 0;
  #input = 0;
  #output = 0;
  #cost_nano = 0n;
  readonly #durations = new Map<number, number>();

  add(part: CallPart): void {
    const calls = Number(part.calls);
    this.#calls += calls;
    this.#failed += Number(part.failed);
    this.#unpriced += Number(part.unpriced_calls);
    this.#input += Number(part.input_tokens);
    this.#output += Number(part.output_tokens);
    this.#cost_nano += nanoOfUsd(part.cost_usd);
    this.#durations.set(part.duration_ms, (this.#durations.get(part.duration_ms) ?? 0) + calls);
  }

  addRefused(refused: string): void {
    this.#refused += Number(refused);
  }

  figures(): Figures {
    const sorted = [...this.#durations].sort(([a], [b]) => a - b);
    return {
      calls: this.#calls,
      failed: this.#failed,
      refused: this.#refused,
      input_tokens: this.#input,
      output_tokens: this.#output,
      cost_usd: usdOfNano(this.#cost_nano),
      unpriced_calls: this.#unpriced,
      p50_duration_ms: quantile(sorted, this.#calls, 0.5),
      p95_duration_ms: quantile(sorted, this.#calls, 0.95),
    };
  }
}

/** The smallest duration that at least this share of the calls does not exceed. */
function quantile(sorted: readonly (readonly [number, number])[], calls: number, share: number): number | null {
  const wanted = Math.max(1, Math.ceil(calls * share));
  let seen = 0;
  for (const [duration_ms, count] of sorted) {
    seen += count;
    if (seen >= wanted) return duration_ms;
  }
  return null;
}
