import type { LimitHistory } from '@aos/core/api/limits.ts';
import { present } from '@aos/core/base/assert.ts';
import { instantText } from '@aos/core/base/time.ts';
import { windowAt } from '@aos/core/base/window.ts';
import { gaugeOf, isOfRuns, isSingle } from '@aos/core/policies/gauge.ts';
import type { LimitOf } from '@aos/core/policies/limits/define.ts';
import { countedOver, typeOf } from '@aos/core/policies/limits/index.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { consumersOf, type HistoryAsk, postedOver } from '../store/limit-history-read.ts';
import { type LimitRow, presentBalances } from '../store/limits.ts';
import { openOverrides } from '../store/overrides.ts';
import { visibleProject } from './read.ts';

const steps = 96;
const least_step_ms = 1_000;
const most_consumers = 8;

/** How a limit was used in its present window, from the calls that were stored; the last point is the balance itself. */
export async function historyOf(tx: Tx, context: Context, row: LimitRow, asked?: string): Promise<LimitHistory> {
  const at_ms = context.deps.clock.now();
  const control = present(row.document.controls[row.position - 1], 'the control of a limit');
  const limit = present(control.limit, 'the limit of a control');
  const type = typeOf(limit);
  const balance = await balanceOf(tx, control.id, limit, at_ms, asked);
  const exceptions = { control_id: control.id, overrides: await openOverrides(tx) };
  const gauge = gaugeOf(limit, balance, at_ms, exceptions);
  const span = spanOf(limit, at_ms);
  const show = (amount: bigint) => type.show(amount, limit);
  const common = { id: control.id, subject: balance.subject, unit: gauge.unit, cap: gauge.cap, window: gauge.window };
  const now = { at: instantText(at_ms), used: show(balance.posted + balance.pending) };
  if (span === null) return { ...common, points: [], by_agent: [], by_api_key: [], generated_at: instantText(at_ms) };
  const ask = { control_id: control.id, subject: balance.subject, ...span };
  // What all use together is everybody's to see; who they are is not, for a key of one project.
  const bound_to = visibleProject(context);
  const [posted, agents, keys] = await Promise.all([
    postedOver(tx, ask),
    consumersOf(tx, { ...forward(ask), bound_to }, 'agent', most_consumers),
    consumersOf(tx, { ...forward(ask), bound_to }, 'api_key', most_consumers),
  ]);
  const points = usedOver(posted, ask, at_ms).map((point) => ({
    at: instantText(point.at_ms),
    used: show(point.used),
  }));
  return {
    ...common,
    points: [...points, now],
    by_agent: agents.map((of) => ({ ...of, amount: show(of.amount) })),
    by_api_key: keys.map((of) => ({ ...of, amount: show(of.amount) })),
    generated_at: instantText(at_ms),
  };
}

/** The balance asked for; of several and none named the fullest, of runs that of the newest. */
async function balanceOf(tx: Tx, control_id: string, limit: LimitOf, at_ms: number, asked: string | undefined) {
  const subject = isSingle(limit) ? '*' : asked;
  const balances = await presentBalances(tx, {
    control_id,
    window: countedOver(limit),
    at_ms,
    subject,
    fullest: !isOfRuns(limit),
    limit: 200,
  });
  const fullest = balances.sort((a, b) => (a.posted + a.pending < b.posted + b.pending ? 1 : -1))[0];
  return fullest ?? { subject: subject ?? '*', posted: 0n, pending: 0n };
}

type Span = Pick<HistoryAsk, 'from_ms' | 'to_ms' | 'window_start_ms' | 'step_ms'> & {
  /** Rolling windows: how long what was used goes on counting. */
  length_ms: number | null;
};

/** Null: the window has no beginning of its own, as that of a run. */
function spanOf(limit: LimitOf, at_ms: number): Span | null {
  const window = countedOver(limit);
  if (window === undefined) return null;
  if ('rolling_seconds' in window) {
    const length_ms = window.rolling_seconds * 1000;
    const step_ms = stepOf(2 * length_ms);
    return { from_ms: at_ms - 2 * length_ms, to_ms: at_ms, window_start_ms: null, step_ms, length_ms };
  }
  const { start_ms, end_ms } = windowAt(window, at_ms);
  if (end_ms === null) return null;
  const step_ms = stepOf(end_ms - start_ms);
  return { from_ms: start_ms, to_ms: at_ms, window_start_ms: start_ms, step_ms, length_ms: null };
}

const stepOf = (length_ms: number): number => Math.max(least_step_ms, Math.ceil(length_ms / steps));

/** Of a rolling window only what still counts has consumers. */
const forward = (ask: HistoryAsk & Span): HistoryAsk =>
  ask.length_ms === null ? ask : { ...ask, from_ms: ask.to_ms - ask.length_ms };

/** What had been used at the end of each step. */
function usedOver(posted: readonly { step: number; amount: bigint }[], ask: Span, at_ms: number) {
  const { from_ms, step_ms, length_ms } = ask;
  const back = length_ms === null ? null : Math.round(length_ms / step_ms);
  const amounts = new Map(posted.map((of) => [of.step, of.amount]));
  const points = [{ at_ms: from_ms, used: 0n }];
  let used = 0n;
  for (let step = 0; from_ms + (step + 1) * step_ms < at_ms; step++) {
    used += amounts.get(step) ?? 0n;
    if (back !== null) used -= amounts.get(step - back) ?? 0n;
    points.push({ at_ms: from_ms + (step + 1) * step_ms, used });
  }
  return back === null ? points : points.slice(back);
}
