import type { Asker, Call, Estimate, Named } from '@aos/core/activity/call.ts';
import { costOf } from '@aos/core/activity/charge.ts';
import { chargesOf, worstCase } from '@aos/core/activity/price.ts';
import type { Usage } from '@aos/core/activity/usage.ts';
import type { PastRun } from '@aos/core/api/synthetic.ts';
import { sibling } from '@aos/core/base/id.ts';
import { epochMs } from '@aos/core/base/time.ts';
import { failureIncident } from '@aos/core/incidents/open.ts';
import { refuses } from '@aos/core/policies/action.ts';
import { decide } from '@aos/core/policies/decide.ts';
import { inspect } from '@aos/core/policies/inspect.ts';
import { refusalOf } from '@aos/core/policies/refuse.ts';
import { type Line, reserve, type Seen } from '@aos/core/policies/reserve.ts';
import { resolve } from '@aos/core/policies/resolve.ts';
import { type Deps, idAt, sha256Hex } from '../base/deps.ts';
import type { TenantControl } from '../govern/control.ts';
import type { ChosenModel } from '../govern/models.ts';
import { decisionOf, progressOf, type Recordable, recordOf, refusedStep } from '../govern/records.ts';
import type { Outcome } from '../govern/settle.ts';
import { troubleOf } from '../govern/trouble.ts';

/** Who is said to have made a run, found or registered before the replay. */
export interface PastAsker extends Asker {
  agent: Named;
}

export interface Replaying {
  deps: Deps;
  control: TenantControl;
  model(name: string): ChosenModel;
  request_id: string;
  /** Balances of the replay alone: those of the live policies are not touched by what is said of the past. */
  balances: Map<string, bigint>;
}

type PastCall = PastRun['calls'][number];

export interface Replayed {
  outcome: Outcome;
  /** The call was refused; `kill`: and with it the run has ended. */
  fate: 'passed' | 'refused' | 'kill';
}

/**
 * One call of the past, decided by the policies in force with the code that decides live calls, and what it would have
 * left behind. Ids carry the instant that is said, so that the rows stand among those of their time.
 */
export function replayCall(of: Replaying, asker: PastAsker, past: PastCall): Replayed {
  const at_ms = epochMs(past.at);
  const deps = { ...of.deps, makeId: (kind: Parameters<Deps['makeId']>[0]) => idAt(of.deps, kind, at_ms) };
  const { ticket, refused } = decided(of, deps, asker, past, at_ms);
  const ended_at_ms = at_ms + past.duration_ms;
  if (refused)
    return {
      outcome: refusedOutcome(deps, ticket, of, at_ms),
      fate: ticket.decision.verdict === 'kill' ? 'kill' : 'refused',
    };
  return { outcome: passedOutcome(of, deps, ticket, past, ended_at_ms), fate: 'passed' };
}

interface Decided {
  ticket: Recordable & { lines: Line[]; seen: Seen[] };
  refused: boolean;
}

const least_output_tokens = 16;
const nothing_special = { cache_write: false, cache_write_1h: false, audio: false, web_searches: 0 };

function decided(of: Replaying, deps: Deps, asker: PastAsker, past: PastCall, at_ms: number): Decided {
  const model = of.model(past.model);
  const wanted = past.max_output_tokens ?? Math.max(past.output_tokens, least_output_tokens);
  const estimate: Estimate = {
    input_tokens: past.input_tokens,
    input_bound: 'tokens',
    output_tokens: { wanted, floor: past.max_output_tokens ?? Math.min(wanted, least_output_tokens) },
    choices: 1,
    tool_results: past.tool === undefined ? 0 : 1,
    price: model.priced && worstCase(model.priced.price, past.input_tokens, nothing_special),
  };
  const tools = past.tool === undefined ? [] : [past.tool];
  const call: Call = { asker, kind: 'llm', provider: model.provider.slug, model: model.name, tools, tags: {} };
  const matched = resolve(of.control.policies, call, at_ms);
  const { lines, timed, unmeasurable } = reserve(matched, call, estimate, at_ms);
  const seen = lines.map((line) => ({ posted: of.balances.get(keyOf(line)) ?? 0n, pending: 0n }));
  const output_bound = boundOf(estimate, lines, seen);
  const decision = decide({
    rules: inspect(matched, call),
    lines: [...lines.map((line, n) => ({ line, seen: seen[n] ?? { posted: 0n, pending: 0n } })), ...timed],
    unmeasurable,
    output_bound,
  });
  const decision_id = deps.makeId('decision');
  const { run_id } = asker;
  const ids = {
    decision_id,
    record_id: sibling(decision_id, 'record'),
    step_id: sibling(decision_id, 'step'),
    run_id,
    trace_id: sibling(run_id, 'trace'),
  };
  const asked = { wire: { name: 'chat' as const }, request: { stream: false } };
  const ticket = {
    asked,
    control: of.control,
    call,
    model,
    estimate,
    lines,
    seen,
    output_bound,
    decision,
    ids,
    admitted_at_ms: at_ms,
  };
  return { ticket, refused: refuses(decision.verdict) };
}

const keyOf = ({ key }: Line): string => `${key.control_id} ${key.subject} ${key.window_start_ms}`;

/** What the books would grant: the tightest balance pays for so many output tokens, else the least that was asked. */
function boundOf({ output_tokens }: Estimate, lines: readonly Line[], seen: readonly Seen[]): number {
  let bound = BigInt(output_tokens.wanted);
  for (const [n, { cap, base, rate, scale }] of lines.entries()) {
    if (cap === null) continue;
    const room = (cap - (seen[n]?.posted ?? 0n)) * BigInt(scale) - base;
    if (room < 0n) return output_tokens.floor;
    if (rate > 0n && room / rate < bound) bound = room / rate;
  }
  return Math.max(output_tokens.floor, Number(bound));
}

function refusedOutcome(deps: Deps, ticket: Decided['ticket'], { request_id }: Replaying, at_ms: number): Outcome {
  const { deciding } = ticket.decision;
  const error = deciding && refusalOf(deciding, { ...ticket.ids, url: '', at_ms });
  return {
    ...nothing,
    step: refusedStep(ticket, at_ms, error && { code: error.code, message: deciding.reason }),
    decision: decisionOf(ticket, at_ms),
    progress: progressOf(ticket, at_ms, {
      refused: true,
      usage: null,
      cost_nano: null,
      termination: deciding?.termination ?? 'POLICY_BLOCK',
    }),
    ...troubleOf(deps, { ...ticket, asked: { request_id } }, at_ms),
  };
}

const nothing = { hold: null, new_run: null, record: null, planned: null, alerts: [] };

function passedOutcome(
  of: Replaying,
  deps: Deps,
  ticket: Decided['ticket'],
  past: PastCall,
  ended_at_ms: number,
): Outcome {
  const usage = past.fails
    ? no_usage
    : {
        ...no_usage,
        input_tokens: past.input_tokens,
        output_tokens: Math.min(past.output_tokens, ticket.output_bound),
      };
  const charges = past.fails ? [] : ticket.model.priced && chargesOf(usage, ticket.model.priced.price);
  const cost_nano = charges && costOf(charges);
  const tool_results = past.fails ? 0 : ticket.estimate.tool_results;
  const amounts = ticket.lines.map((line) => line.type.post(line.limit, { usage, cost_nano, tool_results }));
  for (const [n, line] of ticket.lines.entries())
    if (line.type.type !== 'concurrency')
      of.balances.set(keyOf(line), (ticket.seen[n]?.posted ?? 0n) + (amounts[n] ?? 0n));
  const error = past.fails ? { code: 'provider_500', message: 'the provider answered 500' } : null;
  const status = past.fails ? 'failed' : 'succeeded';
  const termination = past.fails ? 'SYSTEM_FAILURE' : null;
  return {
    ...nothing,
    step: null,
    record: recordOf(ticket, {
      status,
      http_status: past.fails ? 500 : 200,
      error,
      usage,
      usage_source: past.fails ? 'none' : 'provider',
      charges,
      prompt_hash: sha256Hex(`${ticket.ids.step_id} prompt`),
      response_hash: past.fails ? null : sha256Hex(`${ticket.ids.step_id} response`),
      first_byte_at_ms: ended_at_ms,
      settled_at_ms: ended_at_ms,
      termination,
      amounts,
    }),
    decision: ticket.decision.fired ? decisionOf(ticket, ticket.admitted_at_ms) : null,
    progress: progressOf(ticket, ended_at_ms, { refused: false, usage, cost_nano, termination }),
    ...troubleOf(
      deps,
      { ...ticket, asked: { request_id: of.request_id } },
      ended_at_ms,
      past.fails ? [failureIncident(error?.message ?? '')] : [],
    ),
  };
}

const no_usage: Usage = {
  input_tokens: 0,
  output_tokens: 0,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  cache_write_1h_tokens: 0,
  reasoning_tokens: 0,
};
