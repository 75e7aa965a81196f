import type { Severity } from '../run.ts';

/**
 * One condition that deserves attention: what is watched, and how it is said when it is found. `Facts` are what a
 * signal was found by; they are kept with it as its evidence.
 */
export interface SignalType<Name extends string = string, Facts extends object = never> {
  type: Name;
  title: string;
  /** What is watched, with the numbers at which it becomes a signal, in one sentence. */
  watches: string;
  /** So long after it was last found (ms) it has passed, though there are more of its type than a look takes in. */
  span_ms: number;
  severity(facts: Facts): Severity;
  /** What was found, in one sentence with its figures. */
  sentence(facts: Facts): string;
  /** The template of a policy against it, as the console names it; null: a policy is no answer to it. */
  template: string | null;
  /** Facts with the sentence they make: run by the contract test of all types. */
  example: { facts: Facts; sentence: string };
}

/** Keeps the name of the type and the form of its facts, each as its file has it. */
export const defineSignal = <const Name extends string, Facts extends object>(of: SignalType<Name, Facts>) => of;

/** `3 calls`, `1 call`. */
export const countText = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** `5 minutes`, `1 hour`, `24 hours`; of whole minutes. */
export function spanText(span_ms: number): string {
  const minutes = Math.max(1, Math.round(span_ms / 60_000));
  return minutes % 60 === 0 ? countText(minutes / 60, 'hour') : countText(minutes, 'minute');
}

/** An instant as people read it: `2026-01-02 00:00 UTC`. */
export const minuteText = (instant: string): string => `${instant.slice(0, 16).replace('T', ' ')} UTC`;
