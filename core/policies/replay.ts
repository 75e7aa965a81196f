import { asks_nothing, type Call, type Estimate } from '../activity/call.ts';
import { present } from '../base/assert.ts';
import { Heap } from '../base/heap.ts';
import { refuses } from './action.ts';
import { type Decision, decide } from './decide.ts';
import { detectors } from './detectors/index.ts';
import { decideAtGate, mayPass } from './gate.ts';
import { inspect } from './inspect.ts';
import type { Used } from './limits/define.ts';
import { typeOf } from './limits/index.ts';
import { type KeptBalance, type KeptHold, ReplayBooks } from './replay-books.ts';
import { grantedBound, type Line, type Reservation, reserve } from './reserve.ts';
import { indexPolicies, type Matched, type PolicyIndex, resolve } from './resolve.ts';
import type { ActivePolicy } from './snapshot.ts';
import { endsRun } from './stop.ts';

/** A call as its record keeps it: what was asked and when, what it was bounded by, and what it really used. */
export interface RecordedCall {
  id: string;
  call: Call;
  /** Null: its record keeps no bound, so no limit can be asked about it. */
  estimate: Estimate | null;
  admitted_at_ms: number;
  settled_at_ms: number;
  /** Null: it was refused at the time, so what it would have used is not known; then all that it may use counts. */
  used: Used | null;
  /** A refusal ends its run, as it does for runs that are carried out here. */
  is_managed: boolean;
  /** The names of the tools it offered are known. */
  tools_known: boolean;
}

/** What became of a recorded call under the policies of a replay. */
export type Replayed =
  | { kind: 'unmatched' }
  /** Its run had been stopped before, so the call would not have been made. */
  | { kind: 'run_stopped' }
  | {
      kind: 'decided';
      decision: Decision;
      /** Controls that apply and that a record says too little about: the decision is that of the others. */
      uncheckable: boolean;
      /** Refused on a bound from bytes, where enforcement counts the tokens before it refuses. */
      loose: boolean;
      output_bound: number | null;
    };

/** What happens between the decisions of a replay. */
export interface ReplayWatch {
  /** What a call asks of the limits, whatever becomes of it; also one that would not have been made. */
  asked?(lines: readonly Line[], recorded: RecordedCall): void;
  /** A limit stands at this amount for one of its subjects, held or posted. */
  filled?(line: Line, balance: KeptBalance, at_ms: number): void;
  /** A call that had been admitted is ended by the timer of a limit on run time. */
  cut?(recorded: RecordedCall, decision: Decision, at_ms: number): void;
}

/**
 * Recorded calls, one after the other in the order of their admission, through the evaluator of real calls: resolve,
 * reserve, books, decide. Holds are pending until the call's recorded end. Everything counts from zero, and once a run
 * would have been stopped its later calls do not count. Pure; time is that of the records.
 */
export class Replay {
  readonly #index: PolicyIndex;
  /** The same policies without what they say about tools, for calls whose tools were not recorded. */
  readonly #whatever_tools: PolicyIndex | null;
  readonly #watch: ReplayWatch;
  readonly #books = new ReplayBooks();
  readonly #open = new Heap<Ending>();
  readonly #stopped_runs = new Set<string>();

  constructor(policies: readonly ActivePolicy[], watch: ReplayWatch = {}) {
    this.#index = indexPolicies('', { policies: [...policies] });
    this.#watch = watch;
    const narrowed = policies.filter(({ document }) => document.target.when?.tool);
    this.#whatever_tools = narrowed.length > 0 ? indexPolicies('', { policies: narrowed.map(withoutTools) }) : null;
  }

  /** Decides about the next call; calls come in the order of their admission. */
  take(recorded: RecordedCall): Replayed {
    const { call, admitted_at_ms } = recorded;
    this.#settleUntil(admitted_at_ms);
    const is_stopped = this.#stopped_runs.has(call.asker.run_id);
    if (is_stopped && !this.#watch.asked) return { kind: 'run_stopped' };
    const applying = resolve(this.#index, call, admitted_at_ms);
    if (is_stopped) return this.#stopped(recorded, applying);
    const unknown_tools =
      !recorded.tools_known &&
      this.#whatever_tools !== null &&
      resolve(this.#whatever_tools, call, admitted_at_ms).length > 0;
    if (applying.length === 0 && !unknown_tools) return unmatched;
    const matched = applying.filter((of) => canBeAsked(of, recorded));
    const uncheckable = unknown_tools || matched.length < applying.length;
    return this.#decide(recorded, matched, uncheckable);
  }

  /** Settles what is still open, as it was recorded. */
  finish(): void {
    this.#settleUntil(Infinity);
  }

  #stopped(recorded: RecordedCall, applying: readonly Matched[]): Replayed {
    const matched = applying.filter((of) => canBeAsked(of, recorded));
    const { call, estimate, admitted_at_ms } = recorded;
    this.#watch.asked?.(reserve(matched, call, estimate ?? asks_nothing, admitted_at_ms).lines, recorded);
    return { kind: 'run_stopped' };
  }

  #decide(recorded: RecordedCall, matched: Matched[], uncheckable: boolean): Replayed {
    const { call, admitted_at_ms } = recorded;
    const estimate = recorded.estimate ?? asks_nothing;
    const reservation = reserve(matched, call, estimate, admitted_at_ms);
    this.#watch.asked?.(reservation.lines, recorded);
    const inspected = inspect(matched, call);
    const balances = reservation.lines.map((line) => this.#books.at(line));
    const seen = balances.map(({ posted, pending }) => ({ posted, pending }));
    const held = reservation.lines.map((line, n) => ({ line, seen: present(seen[n], 'a balance') }));
    const output_bound = grantedBound(held, estimate.output_tokens);
    const passes = output_bound !== null && mayPass(inspected, reservation);
    const decision = decideAtGate(inspected, reservation, seen, output_bound ?? estimate.output_tokens.floor);
    if (passes) this.#admit(recorded, reservation, balances, output_bound);
    else if (this.#endsRun(recorded, reservation, decision)) this.#stopped_runs.add(call.asker.run_id);
    const loose = output_bound === null && estimate.input_bound === 'bytes' && reservation.lines.some(isLoose);
    return { kind: 'decided', decision, uncheckable, loose, output_bound };
  }

  #admit(recorded: RecordedCall, { lines, timed }: Reservation, balances: KeptBalance[], output_bound: number): void {
    const holds = lines.map((line, n) => this.#books.hold(line, present(balances[n], 'a balance'), output_bound));
    if (this.#watch.filled)
      for (const { line, balance } of holds) this.#watch.filled(line, balance, recorded.admitted_at_ms);
    const cut_at_ms = timed.length === 0 ? Infinity : cutAt(timed, recorded.admitted_at_ms);
    const is_cut = cut_at_ms < recorded.settled_at_ms;
    if (holds.length > 0 || is_cut)
      this.#open.add({
        at_ms: is_cut ? cut_at_ms : recorded.settled_at_ms,
        recorded,
        holds,
        timed: is_cut ? timed : null,
      });
  }

  #endsRun({ is_managed }: RecordedCall, { timed }: Reservation, decision: Decision): boolean {
    if (!refuses(decision.verdict)) return false;
    if (is_managed || decision.verdict === 'kill') return true;
    return timed.length > 0 && decision.deciding !== null && endsRun(decision.deciding);
  }

  #settleUntil(at_ms: number): void {
    for (let ending = this.#open.first; ending && ending.at_ms <= at_ms; ending = this.#open.first) {
      this.#open.take();
      const { recorded, holds, timed } = ending;
      if (timed) this.#cut(recorded, timed, ending.at_ms);
      for (const hold of holds) {
        const { line } = hold;
        this.#books.settle(hold, recorded.used ? line.type.post(line.limit, recorded.used) : actualOf(hold));
        this.#watch.filled?.(line, hold.balance, ending.at_ms);
      }
    }
  }

  #cut(recorded: RecordedCall, timed: Reservation['timed'], at_ms: number): void {
    const { asker } = recorded.call;
    const lines = timed.map(({ line }) => ({
      line,
      seen: { posted: line.type.clock?.(line.limit, asker, at_ms) ?? 0n, pending: 0n },
    }));
    const decision = decide({ rules: [], lines, unmeasurable: [], output_bound: 0 });
    this.#watch.cut?.(recorded, decision, at_ms);
    if (decision.deciding && (recorded.is_managed || endsRun(decision.deciding))) this.#stopped_runs.add(asker.run_id);
  }
}

const unmatched: Replayed = { kind: 'unmatched' };

function canBeAsked({ control }: Matched, { call, estimate }: RecordedCall): boolean {
  // When a run ended does not stand in the records of its calls.
  if (control.limit && typeOf(control.limit).counts_runs) return false;
  if (control.rule) return call.kind === 'step' || detectors.get(control.rule.type)?.replayable === true;
  return estimate !== null || call.kind === 'step';
}

/** What it counts depends on the bound of the input. */
const isLoose = ({ cap, type }: Line): boolean =>
  cap !== null && (type.unit === 'tokens' || type.unit === 'usd' || type.unit === 'usd_per_minute');

/** All that was held, but for what counts only while it is in flight. */
const actualOf = ({ line, held }: KeptHold): bigint => (line.limit.type === 'concurrency' ? 0n : held);

/** The first instant at which an enforced limit on time is passed. */
function cutAt(timed: Reservation['timed'], at_ms: number): number {
  let first_ms = Infinity;
  for (const { line, seen } of timed)
    if (line.cap !== null) first_ms = Math.min(first_ms, at_ms + Number(line.cap - seen.posted) + 1);
  return first_ms;
}

function withoutTools(policy: ActivePolicy): ActivePolicy {
  const { target, ...rest } = policy.document;
  const { tool: _, ...when } = target.when ?? {};
  return { ...policy, document: { ...rest, target: { ...target, when } } };
}

interface Ending {
  at_ms: number;
  recorded: RecordedCall;
  holds: KeptHold[];
  /** The limits on time that end the call before it would have ended; null: it ends as recorded. */
  timed: Reservation['timed'] | null;
}
