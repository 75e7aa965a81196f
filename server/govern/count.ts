import type { Metrics } from '../base/metrics.ts';
import type { Outcome } from './settle.ts';
import type { Ticket } from './ticket.ts';

/** Counts a settled call: what was decided, how it ended, what it used, and the time it spent here and not outside. */
export function countSettled(metrics: Metrics, ticket: Ticket, { record }: Outcome, settling_ms: number): void {
  const status = record?.execution_status ?? 'unknown';
  metrics.calls.inc({
    verdict: ticket.decision.verdict,
    wire: ticket.asked.wire.name,
    provider: ticket.model.provider.slug,
    status,
  });
  metrics.call_added_seconds.observe((ticket.decided_after_ms + settling_ms) / 1000);
  countShadows(metrics, ticket);
  metrics.tokens.inc({ direction: 'input' }, record?.input_tokens ?? 0);
  metrics.tokens.inc({ direction: 'output' }, record?.output_tokens ?? 0);
  metrics.cost_usd.inc(Number(record?.cost_usd ?? 0));
}

export function countRefused(metrics: Metrics, ticket: Ticket): void {
  const { decision, asked, model } = ticket;
  metrics.calls.inc({
    verdict: decision.verdict,
    wire: asked.wire.name,
    provider: model.provider.slug,
    status: 'refused',
  });
  countShadows(metrics, ticket);
}

/** What a decision took, for each policy in shadow that had a say in it: where there is none, nothing is put into words. */
function countShadows(metrics: Metrics, { control, decision, decided_after_ms }: Ticket): void {
  if (!control.policies.has_shadows) return;
  const shadows = decision.contributions.flatMap(({ policy_id, mode }) => (mode === 'shadow' ? policy_id : []));
  for (const policy_id of new Set(shadows)) metrics.shadow_decided_ms.note(policy_id, decided_after_ms);
}
