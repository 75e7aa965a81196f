import { present } from '@aos/core/base/assert.ts';
import { instantText } from '@aos/core/base/time.ts';
import { type Action, refuses } from '@aos/core/policies/action.ts';
import type { Decision } from '@aos/core/policies/decide.ts';
import { countsFor } from '@aos/core/policies/free-room.ts';
import { countedOver } from '@aos/core/policies/limits/index.ts';
import { amountOf } from '@aos/core/policies/reserve.ts';
import { withholds } from '@aos/core/policies/told.ts';
import type { Ticket } from './ticket.ts';

/** What every answer of the gateway tells about its governance. */
export interface Facts {
  run_id: string;
  decision_id: string;
  verdict: Action;
  shadow_verdict: Action;
  /** Policies that applied and are obeyed, in the order of their say. */
  policy_ids: string[];
  tightest: Tightest | null;
  /** The bound on output tokens that was added for the caller; null when none was. */
  added_output_bound: number | null;
}

export interface Tightest {
  control_id: string;
  policy_id: string;
  unit: string;
  remaining: number | string;
  /** Of an allowed call under a rolling window: when all that counts now will have left it. */
  resets_at: string | null;
}

/** The enforced limit with the smallest part of its cap left after what this call holds: null when it holds nothing. */
function tightestOf(ticket: Ticket): Tightest | null {
  const { lines, seen, admitted_at_ms } = ticket;
  const output_bound = refuses(ticket.decision.verdict) ? null : ticket.output_bound;
  let tightest: Tightest | null = null;
  let least = Infinity;
  for (const [n, line] of lines.entries()) {
    const at = seen[n];
    if (line.cap === null || !at || withholds(line.policy)) continue;
    const held = output_bound === null ? 0n : amountOf(line, output_bound);
    const left = line.cap - at.posted - at.pending - held;
    const part = line.cap === 0n ? 0 : Number(left) / Number(line.cap);
    if (part >= least) continue;
    least = part;
    const is_rolling = line.key.since_ms !== null && output_bound !== null;
    const resets_at_ms = is_rolling
      ? admitted_at_ms + countsFor(present(countedOver(line.limit), 'a rolling window'))
      : line.resets_at_ms;
    tightest = {
      control_id: line.control.id,
      policy_id: line.policy.id,
      unit: line.type.unit,
      remaining: line.type.show(left < 0n ? 0n : left, line.limit),
      resets_at: resets_at_ms === null ? null : instantText(resets_at_ms),
    };
  }
  return tightest;
}

/** A refusal by a policy with minimal errors names no amounts, those of others neither. */
export const refusedFacts = (facts: Facts, { deciding }: Decision): Facts =>
  deciding?.error_detail === 'minimal' ? { ...facts, tightest: null, added_output_bound: null } : facts;

/** A bound below what was wanted is what some limit had left. */
const tellsRoom = ({ lines, estimate, output_bound }: Ticket): boolean =>
  output_bound < estimate.output_tokens.wanted && lines.some((line) => line.rate > 0n && withholds(line.policy));

export function factsHeaders(facts: Facts): Record<string, string> {
  const { tightest } = facts;
  const headers: Record<string, string> = {
    'x-aos-run-id': facts.run_id,
    'x-aos-decision': facts.verdict,
    'x-aos-decision-id': facts.decision_id,
    'x-aos-policies': facts.policy_ids.slice(0, 20).join(','),
  };
  if (tightest) {
    const reset = tightest.resets_at ? `; reset=${tightest.resets_at}` : '';
    headers['x-aos-limit'] = `${tightest.control_id}; unit=${tightest.unit}; remaining=${tightest.remaining}${reset}`;
  }
  if (facts.shadow_verdict !== 'continue') headers['x-aos-shadow'] = facts.shadow_verdict;
  if (facts.added_output_bound !== null) headers['x-aos-max-tokens'] = String(facts.added_output_bound);
  return headers;
}

/** Each policy that is obeyed once, in the order in which its controls were named; a shadow policy changes no answer. */
function policyIds({ decision, lines }: Ticket): string[] {
  const ids = new Set<string>();
  if (decision.fired) {
    for (const { policy_id, mode } of decision.contributions) if (mode === 'enforce') ids.add(policy_id);
  } else {
    for (const { policy } of lines) if (policy.mode === 'enforce') ids.add(policy.id);
  }
  return [...ids];
}

export function factsOf(ticket: Ticket, added_output_bound: number | null = null): Facts {
  const facts: Facts = {
    run_id: ticket.ids.run_id,
    decision_id: ticket.ids.decision_id,
    verdict: ticket.decision.verdict,
    shadow_verdict: ticket.decision.shadow_verdict,
    policy_ids: policyIds(ticket),
    tightest: tightestOf(ticket),
    added_output_bound: tellsRoom(ticket) ? null : added_output_bound,
  };
  return refuses(ticket.decision.verdict) ? refusedFacts(facts, ticket.decision) : facts;
}
