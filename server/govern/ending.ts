import { type Charge, costOf, heldCharges } from '@aos/core/activity/charge.ts';
import { chargesOf } from '@aos/core/activity/price.ts';
import { countInput } from '@aos/core/activity/prompt.ts';
import { type Usage, type UsageSource, withSearches } from '@aos/core/activity/usage.ts';
import { present } from '@aos/core/base/assert.ts';
import { instantText } from '@aos/core/base/time.ts';
import { type IncidentDraft, overReport } from '@aos/core/incidents/open.ts';
import { refuses } from '@aos/core/policies/action.ts';
import type { Used } from '@aos/core/policies/limits/define.ts';
import { amountOf, heldOf } from '@aos/core/policies/reserve.ts';
import { failpoint } from '../base/failpoint.ts';
import { inTurns } from '../base/in-turns.ts';
import { pdfSizesOf } from '../base/pdf-sizes.ts';
import { loadTokenizer } from '../base/tokenizer.ts';
import type { Posting } from '../store/balance.ts';
import { untold } from './alerts.ts';
import type { Govern } from './govern.ts';
import { decisionOf, type Ending, progressOf, recordOf } from './records.ts';
import type { Outcome } from './settle.ts';
import type { Ticket } from './ticket.ts';
import { troubleOf } from './trouble.ts';

const no_usage: Usage = {
  input_tokens: 0,
  output_tokens: 0,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  cache_write_1h_tokens: 0,
  reasoning_tokens: 0,
};

/** What is known of how a call went, before it is turned into amounts and records. */
export interface Went {
  status: Ending['status'];
  http_status: number | null;
  error: Ending['error'];
  /** Null: nobody said; then `delivered_tokens` are what is charged. */
  usage: Usage | null;
  /** What the provider had reported when its answer ended early: its input is final, its output is not. */
  usage_so_far: Usage | null;
  delivered_tokens: number;
  /** Web searches that it had told of when it ended. */
  searches: number;
  /** Nothing can have been billed: refused by the provider, or never sent. */
  free: boolean;
  /** No word came back after the request had left: all that was held is charged. */
  lost: boolean;
  prompt_hash: string;
  response_hash: string | null;
  first_byte_at_ms: number | null;
  termination: Ending['termination'];
  incidents: IncidentDraft[];
  /** The whole answer, when it came whole and well. */
  answer: Buffer | null;
}

/** Turns how a call went into the one transaction that settles it. */
export async function outcomeOf(govern: Govern, ticket: Ticket, went: Went): Promise<Outcome> {
  failpoint(govern.config.failpoint, 'before_outcome');
  const settled_at_ms = govern.clock.now();
  const { usage, usage_source } = await usageOf(ticket, went);
  const charges = chargesOfCall(ticket, went, usage);
  const cost_nano = charges && costOf(charges);
  const tool_results = went.free ? 0 : ticket.estimate.tool_results;
  const amounts = postedAmounts(ticket, went, { usage, cost_nano, tool_results });
  const ending: Ending = {
    status: went.status,
    http_status: went.http_status,
    error: went.error,
    usage,
    usage_source,
    charges,
    prompt_hash: went.prompt_hash,
    response_hash: went.response_hash,
    first_byte_at_ms: went.first_byte_at_ms,
    settled_at_ms,
    termination: went.termination,
    amounts,
  };
  const { violations, incidents, ledger } = troubleOf(govern, ticket, settled_at_ms, [
    ...went.incidents,
    ...overReports(ticket, amounts),
  ]);
  return {
    hold: { id: ticket.ids.decision_id, postings: postingsOf(ticket, amounts) },
    new_run: null,
    step: null,
    record: recordOf(ticket, ending),
    decision: ticket.decision.fired ? decisionOf(ticket, ticket.admitted_at_ms) : null,
    planned: went.answer === null ? null : (ticket.asked.planned?.result(ticket.ids.step_id, went.answer) ?? null),
    alerts: untold(ticket.alerts),
    progress: progressOf(ticket, settled_at_ms, { refused: false, usage, cost_nano, termination: went.termination }),
    violations,
    incidents,
    ledger,
  };
}

/** The provider's figures where there are any, else our count of what was delivered, never more than was held. */
async function usageOf(ticket: Ticket, went: Went): Promise<{ usage: Usage; usage_source: UsageSource }> {
  const { estimate, output_bound } = ticket;
  const { searches } = ticket.asked.request;
  if (went.usage) return { usage: withSearches(went.usage, searches.least), usage_source: 'provider' };
  if (went.free) return { usage: no_usage, usage_source: 'none' };
  if (went.lost) {
    const output_tokens = output_bound * estimate.choices;
    const usage = { ...no_usage, input_tokens: estimate.input_tokens, output_tokens };
    return { usage: withSearches(usage, searches.most ?? searches.least), usage_source: 'estimated' };
  }
  const so_far = went.usage_so_far ?? { ...no_usage, input_tokens: await countedInput(ticket) };
  const output_tokens = Math.max(so_far.output_tokens, went.delivered_tokens);
  const told = Math.max(went.searches, searches.least);
  return { usage: withSearches({ ...so_far, output_tokens }, told), usage_source: 'estimated' };
}

async function countedInput({ asked, model, estimate }: Ticket): Promise<number> {
  const { prompt } = asked.request;
  const most = estimate.input_tokens;
  const of = { provider: model.provider.kind, model: model.name, pdfs: pdfSizesOf(prompt), most };
  return inTurns(countInput(prompt, await loadTokenizer(), of));
}

/** What the call costs: nothing where nothing can have been billed; null where something it used has no price. */
function chargesOfCall({ model, estimate, output_bound }: Ticket, went: Went, usage: Usage): Charge[] | null {
  if (went.lost) return estimate.price && heldCharges(estimate.price, output_bound * estimate.choices);
  if (went.free && went.usage === null) return [];
  return model.priced && chargesOf(usage, model.priced.price);
}

/** Money that cannot be counted after all (a search nobody asked for, without a price) is posted as it was held, never as 0. */
function postedAmounts(ticket: Ticket, went: Went, used: Used): bigint[] {
  const is_uncounted = used.cost_nano === null && ticket.estimate.price !== null;
  return ticket.lines.map((line) =>
    (went.lost && line.limit.type !== 'concurrency') || (is_uncounted && 'on_unknown_price' in line.limit)
      ? amountOf(line, ticket.output_bound)
      : line.type.post(line.limit, used),
  );
}

const postingsOf = (ticket: Ticket, amounts: readonly bigint[]): Posting[] =>
  ticket.lines.map((line, n) => ({
    control_id: line.key.control_id,
    subject: line.key.subject,
    window_start: instantText(line.key.window_start_ms),
    held: heldOf(line, ticket.output_bound),
    actual: present(amounts[n], 'what a line posts'),
  }));

/** Enforced lines that were posted above what was held for them: only a provider's report can do that. */
function overReports(ticket: Ticket, amounts: readonly bigint[]): IncidentDraft[] {
  return ticket.lines.flatMap((line, n) => {
    const held = heldOf(line, ticket.output_bound);
    const posted = amounts[n] ?? 0n;
    if (posted <= held || line.policy.mode !== 'enforce' || !refuses(line.control.action)) return [];
    const show = (amount: bigint) => String(line.type.show(amount, line.limit));
    return overReport({
      policy_id: line.policy.id,
      policy_name: line.policy.document.name,
      held: show(held),
      posted: show(posted),
      unit: line.type.unit,
    });
  });
}
