import { instantText } from '../base/time.ts';
import { type Action, actions, refuses, stricter } from './action.ts';
import type { Decision } from './decide.ts';
import { AlertTally } from './preview-alerts.ts';
import { DayTally } from './preview-days.ts';
import { UsageTally } from './preview-usage.ts';
import { WhomTally } from './preview-whom.ts';
import { type RecordedCall, Replay, type Replayed } from './replay.ts';
import type { ActivePolicy } from './snapshot.ts';

/** A call at which something would have happened. */
export interface Example {
  record_id: string;
  run_id: string;
  agent_id: string | null;
  at: string;
  verdict: Action;
  control: number;
  reason: string;
}

const most_examples = 20;

/** What became of a call: passed over, or what was said about it, and whether it would not have been made. */
export interface Outcome {
  matched: boolean;
  /** Null: nothing fired, or nobody was asked. */
  fired: Action | null;
  stopped: boolean;
}

/** History lies before most starts: what is asked is what the policy would have done there. */
function alwaysStarted({ start_at: _, ...document }: ActivePolicy['document']): ActivePolicy['document'] {
  return document;
}

const nothing: Outcome = { matched: false, fired: null, stopped: false };

/** Counts that caveats speak of. */
export interface Doubts {
  uncheckable: number;
  /** Refused then; what they would have used is taken to be all that they may. */
  assumed: number;
  /** Refused on a bound from bytes; enforcement counts the tokens before it refuses. */
  loose: number;
  cut: number;
  unpriced: number;
}

/**
 * What one policy, enforced, would have done to recorded calls, counted while they are replayed through the evaluator of
 * real calls. Calls come in the order of their admission. Pure.
 */
export class Preview {
  looked_at = 0;
  matched = 0;
  /** Calls of runs that would have been stopped before. */
  not_counted = 0;
  spend_nano = 0n;
  spend_not_made_nano = 0n;
  readonly calls: Record<Action, number> = { continue: 0, warn: 0, pause: 0, block: 0, kill: 0 };
  readonly doubts: Doubts = { uncheckable: 0, assumed: 0, loose: 0, cut: 0, unpriced: 0 };
  readonly days: DayTally;
  readonly whom = new WhomTally();
  readonly alerts: AlertTally;
  readonly usage: UsageTally;
  readonly #policy: ActivePolicy;
  readonly #replay: Replay;
  readonly #matched_runs = new Set<string>();
  readonly #fired_runs = new Map<string, Action>();
  readonly #examples = new Map<Action, Example[]>();

  constructor(policy: ActivePolicy, timezone: string) {
    this.#policy = { ...policy, mode: 'enforce', document: alwaysStarted(policy.document) };
    this.days = new DayTally(timezone);
    this.alerts = new AlertTally(policy);
    this.usage = new UsageTally(policy);
    this.#replay = new Replay([this.#policy], {
      asked: (lines, recorded) => this.usage.asked(lines, recorded),
      filled: (line, balance, at_ms) => this.alerts.filled(line, balance, at_ms),
      cut: (recorded, decision, at_ms) => this.#cut(recorded, decision, at_ms),
    });
  }

  take(recorded: RecordedCall): Outcome {
    this.looked_at += 1;
    const replayed = this.#replay.take(recorded);
    return replayed.kind === 'unmatched' ? nothing : this.#count(recorded, replayed);
  }

  finish(): void {
    this.#replay.finish();
  }

  get matched_runs(): number {
    return this.#matched_runs.size;
  }

  /** Runs by the strictest that would have happened to them. */
  get runs(): Record<Action, number> {
    const runs = { continue: 0, warn: 0, pause: 0, block: 0, kill: 0 };
    for (const action of this.#fired_runs.values()) runs[action] += 1;
    return runs;
  }

  /** The gravest first, each run once. */
  get examples(): Example[] {
    const all = [...actions].reverse().flatMap((action) => this.#examples.get(action) ?? []);
    const first = all.filter(({ run_id }, n) => all.findIndex((of) => of.run_id === run_id) === n);
    return first.slice(0, most_examples);
  }

  #count(recorded: RecordedCall, replayed: Exclude<Replayed, { kind: 'unmatched' }>): Outcome {
    const { used } = recorded;
    const { run_id } = recorded.call.asker;
    const cost_nano = used?.cost_nano ?? 0n;
    this.matched += 1;
    this.#matched_runs.add(run_id);
    this.spend_nano += cost_nano;
    if (used && used.cost_nano === null && recorded.call.kind === 'llm') this.doubts.unpriced += 1;
    if (replayed.kind === 'run_stopped') {
      this.not_counted += 1;
      this.spend_not_made_nano += cost_nano;
      this.days.notCounted(recorded.admitted_at_ms, cost_nano);
      return { matched: true, fired: null, stopped: true };
    }
    const { decision, uncheckable, loose } = replayed;
    const stopped = refuses(decision.verdict);
    if (uncheckable && !stopped) this.doubts.uncheckable += 1;
    if (loose) this.doubts.loose += 1;
    if (!used) this.doubts.assumed += 1;
    if (stopped) this.spend_not_made_nano += cost_nano;
    const fired = decision.fired ? decision.verdict : null;
    this.days.decided(recorded.admitted_at_ms, fired, cost_nano, stopped);
    if (fired !== null) this.#fired(recorded, decision, recorded.admitted_at_ms);
    return { matched: true, fired, stopped };
  }

  #fired(recorded: RecordedCall, decision: Decision, at_ms: number): void {
    const { verdict } = decision;
    const { run_id } = recorded.call.asker;
    this.calls[verdict] += 1;
    this.#fired_runs.set(run_id, stricter(this.#fired_runs.get(run_id) ?? 'continue', verdict));
    this.whom.hit(recorded.call);
    const examples = this.#examples.get(verdict) ?? [];
    if (examples.length >= most_examples || examples.some((of) => of.run_id === run_id)) return;
    const { deciding } = decision;
    examples.push({
      record_id: recorded.id,
      run_id,
      agent_id: recorded.call.asker.agent?.id ?? null,
      at: instantText(at_ms),
      verdict,
      control: this.#policy.document.controls.findIndex(({ id }) => id === deciding?.control_id),
      reason: deciding?.reason ?? '',
    });
    this.#examples.set(verdict, examples);
  }

  #cut(recorded: RecordedCall, decision: Decision, at_ms: number): void {
    this.doubts.cut += 1;
    this.days.decided(at_ms, decision.verdict, 0n, false);
    this.#fired(recorded, decision, at_ms);
  }
}
