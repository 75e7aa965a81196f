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
}
