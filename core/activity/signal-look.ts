import type { Escalation } from './escalation-text.ts';
import { escalationText } from './escalation-text.ts';
import type { Severity } from './run.ts';
import { severities } from './run.ts';
import { most_unresolved, type SignalStatus } from './signal.ts';
import type { SignalType } from './signals/define.ts';
import type { SignalName } from './signals/index.ts';

/** What a signal concerns, as far as it concerns one. */
export interface Concerned {
  project_id: string | null;
  agent_id: string | null;
  api_key_id: string | null;
  policy_id: string | null;
  run_id: string | null;
  is_synthetic: boolean;
}

/** A condition that a look found to hold. */
export interface Observed extends Concerned {
  type: SignalName;
  subject: string;
  severity: Severity;
  text: string;
  evidence: object;
}

const nobody: Concerned = {
  ...{ project_id: null, agent_id: null, api_key_id: null, policy_id: null, run_id: null, is_synthetic: false },
};

export const observed = <Facts extends object>(
  of: SignalType<SignalName, Facts>,
  subject: string,
  facts: Facts,
  concerned: Partial<Concerned> = {},
): Observed => ({
  ...{ type: of.type, subject, severity: of.severity(facts), text: of.sentence(facts), evidence: facts },
  ...nobody,
  ...concerned,
});

/** A signal that is not resolved, as it is stored. */
export interface Unresolved extends Omit<Observed, 'evidence'> {
  id: string;
  status: Exclude<SignalStatus, 'resolved'>;
  times_seen: number;
  last_day: number[];
  last_seen_at_ms: number;
  suppressed_until_ms: number | null;
  /** How grave it was when a person acknowledged or suppressed it. */
  acted_severity: Severity | null;
  /** How often it had been found then. */
  acted_times_seen: number | null;
  /** What opens it again although it is suppressed; null: its time alone. */
  escalates: Escalation | null;
}

/** What a look changes. */
export interface Changes {
  /** At most so many of a type that `most_unresolved` of it are open or acknowledged. */
  raised: Observed[];
  /** Seen again; `reopened` says why one that a person had dealt with is open again. */
  seen: { signal: Unresolved; now: Observed; last_day: number[]; reopened: string | null }[];
  resolved: Unresolved[];
}

/** A condition is taken to have passed when it was not found for so long: one that comes and goes is one signal. */
export const heals_after_ms = 60_000;

/**
 * What becomes of signals by what a look found. `looked` are the types that it looked for, each with the time (ms) after
 * which what was not found has passed: of the others nothing is known to have. What is suppressed stays so for its time,
 * though its condition comes and goes; one that may escalate is open again when it does.
 */
export function changesOf(
  unresolved: readonly Unresolved[],
  found: readonly Observed[],
  looked: ReadonlyMap<string, number>,
  at_ms: number,
): Changes {
  const keyOf = ({ type, subject }: Pick<Observed, 'type' | 'subject'>) => `${type} ${subject}`;
  const now = new Map(found.map((of) => [keyOf(of), of]));
  const changes: Changes = { raised: [], seen: [], resolved: [] };
  for (const signal of unresolved) {
    const again = now.get(keyOf(signal));
    now.delete(keyOf(signal));
    if (again) {
      const last_day = countedAt(signal.last_day, signal.last_seen_at_ms, at_ms);
      changes.seen.push({ signal, now: again, last_day, reopened: whyOpenAgain(signal, again, last_day, at_ms) });
    } else if (hasPassed(signal, looked.get(signal.type) ?? Infinity, at_ms)) changes.resolved.push(signal);
  }
  const kept = unresolved.filter((signal) => !changes.resolved.includes(signal));
  changes.raised.push(...withRoom([...now.values()], kept));
  return changes;
}

/** Those for which there is room beside what is kept; what people have suppressed takes none. */
function withRoom(found: readonly Observed[], kept: readonly Unresolved[]): Observed[] {
  const taken = new Map<string, number>();
  const takes = (type: string): number => {
    const count = (taken.get(type) ?? 0) + 1;
    taken.set(type, count);
    return count;
  };
  for (const { type, status } of kept) if (status !== 'suppressed') takes(type);
  return found.filter(({ type }) => takes(type) <= most_unresolved);
}

function whyOpenAgain(signal: Unresolved, now: Observed, last_day: readonly number[], at_ms: number): string | null {
  const { status, suppressed_until_ms, severity, acted_severity, escalates } = signal;
  const is_worse = severities.indexOf(now.severity) > severities.indexOf(acted_severity ?? severity);
  if (status === 'acknowledged') return is_worse ? 'it is worse than when it was acknowledged' : null;
  if (status !== 'suppressed') return null;
  if ((suppressed_until_ms ?? 0) <= at_ms) return 'its suppression is over';
  if (escalates === null) return null;
  if (is_worse) return 'it is worse than when it was suppressed';
  return foundSince(signal, last_day, escalates.hours) > escalates.more_than
    ? `it escalated: ${escalationText(escalates)}`
    : null;
}

/** How many looks have found it since a person suppressed it, this one too, in the last hours of the clock. */
function foundSince({ times_seen, acted_times_seen }: Unresolved, last_day: readonly number[], hours: number): number {
  const in_hours = last_day.slice(-hours).reduce((sum, count) => sum + count, 0);
  return Math.min(in_hours, times_seen + 1 - (acted_times_seen ?? 0));
}

function hasPassed(signal: Unresolved, after_ms: number, at_ms: number): boolean {
  const { status, suppressed_until_ms, last_seen_at_ms } = signal;
  if (status === 'suppressed' && (suppressed_until_ms ?? 0) > at_ms) return false;
  return at_ms - last_seen_at_ms >= after_ms;
}

const hour_ms = 3_600_000;
const hours_kept = 24;

/** Counts of the last 24 hours, oldest first, whose last one is of the hour of `last_ms`: as they are at an instant. */
export function lastDayAt(last_day: readonly number[], last_ms: number, at_ms: number): number[] {
  const passed = Math.max(0, Math.floor(at_ms / hour_ms) - Math.floor(last_ms / hour_ms));
  return [
    ...new Array<number>(hours_kept).fill(0),
    ...last_day,
    ...new Array<number>(Math.min(passed, hours_kept)).fill(0),
  ].slice(-hours_kept);
}

/** The same with one more, now. */
export const countedAt = (last_day: readonly number[], last_ms: number, at_ms: number): number[] =>
  lastDayAt(last_day, last_ms, at_ms).map((count, n) => (n === hours_kept - 1 ? count + 1 : count));
