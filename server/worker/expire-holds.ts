import { sibling } from '@aos/core/base/id.ts';
import { isObject, type Json } from '@aos/core/base/json.ts';
import { ceilDiv, usdOfNano } from '@aos/core/base/money.ts';
import { instantText } from '@aos/core/base/time.ts';
import { failureIncident } from '@aos/core/incidents/open.ts';
import { type Outcome, writeOutcomes } from '../govern/settle.ts';
import type { Govern } from '../govern/ticket.ts';
import { type DeadHold, dueHolds, markDeadHolds, postingsOf } from '../store/usage.ts';

/** A process that has not beaten for so long is gone: three heartbeats. */
const dead_after_s = 15;
const batch_max = 100;

/**
 * Ends the holds of processes that died. What was never sent is released. What was sent stays counted in full until it
 * is reconciled: nobody can say what it used, so after the wait it is settled as estimated, at all that was held.
 */
export async function expireHolds(govern: Govern, tenant_id: string): Promise<number> {
  await govern.db.tenant(tenant_id, (tx) => markDeadHolds(tx, dead_after_s));
  const due = await govern.db.tenant(tenant_id, (tx) => dueHolds(tx, govern.config.suspect_seconds, batch_max));
  if (due.length > 0)
    await writeOutcomes(
      govern,
      tenant_id,
      due.map((hold) => outcomeOfDead(govern, tenant_id, hold)),
    );
  return due.length;
}

function outcomeOfDead(govern: Govern, tenant_id: string, hold: DeadHold): Outcome {
  const { call } = hold;
  const was_sent = hold.dispatched_at !== null;
  const ids = {
    run_id: hold.run_id,
    trace_id: sibling(hold.run_id, 'trace'),
    step_id: sibling(hold.id, 'step'),
    decision_id: hold.id,
  };
  const ended_at = instantText(govern.clock.now());
  const message = 'its process died before the answer was complete';
  const usage = was_sent ? worstUsage(call) : { input_tokens: 0, output_tokens: 0, cost_nano: 0n };
  const cost_usd = usage.cost_nano === null ? null : usdOfNano(usage.cost_nano);
  const counts = (held: bigint, n: number) => (was_sent && call.line_types[n] !== 'concurrency' ? held : 0n);
  const postings = postingsOf(hold, counts);
  const { project_id, agent_id, actor_id, api_key_id, session_id, provider, model, wire, streamed } = call;
  const asker = { project_id, agent_id, actor_id, api_key_id, session_id };
  const draft = failureIncident(message);
  return {
    hold: { id: hold.id, postings },
    new_run: null,
    new_trace: null,
    step: {
      tenant_id,
      id: ids.step_id,
      trace_id: ids.trace_id,
      run_id: ids.run_id,
      kind: 'llm',
      skill: 'llm',
      params: { model, provider, wire, streamed, max_output_tokens: call.output_bound },
      status: 'failed',
      decision_id: ids.decision_id,
      cost_usd,
      error: { code: 'process_died', message },
      started_at: hold.admitted_at,
      ended_at,
      duration_ms: Math.max(0, Date.parse(ended_at) - Date.parse(hold.admitted_at)),
      is_synthetic: false,
    },
    record: {
      tenant_id,
      id: sibling(hold.id, 'record'),
      ...ids,
      ...asker,
      provider,
      model,
      wire,
      streamed,
      execution_status: 'failed',
      http_status: null,
      error_code: 'process_died',
      prompt_hash: call.prompt_hash,
      response_hash: null,
      input_tokens: usage.input_tokens,
      output_tokens: usage.output_tokens,
      cached_input_tokens: 0,
      cache_write_tokens: 0,
      reasoning_tokens: 0,
      usage_source: was_sent ? 'estimated' : 'none',
      cost_usd,
      price_id: call.price_id,
      price_version: call.price_version,
      policy_snapshot_id: call.policy_snapshot_id,
      verdict: 'continue',
      estimate: call.estimate,
      holds: postings.map(({ held, actual, ...line }, n) => ({
        ...line,
        type: call.line_types[n] ?? '',
        held: String(held),
        posted: String(actual),
      })),
      tags: call.tags,
      source: 'gateway',
      is_synthetic: false,
      synthetic_scenario_id: null,
      admitted_at: hold.admitted_at,
      first_byte_at: null,
      settled_at: ended_at,
    },
    decision: null,
    violations: [],
    incidents: [
      {
        tenant_id,
        id: govern.makeId('incident'),
        source_run_id: ids.run_id,
        violation_policy_id: draft.policy_id,
        trace_id: ids.trace_id,
        decision_id: ids.decision_id,
        project_id,
        agent_id,
        actor_id,
        api_key_id,
        category: draft.category,
        severity: draft.severity,
        status: 'open',
        title: draft.title,
        occurrences: 1,
        is_synthetic: false,
        opened_at: ended_at,
        last_occurred_at: ended_at,
      },
    ],
    ledger: [],
    progress: {
      run_id: ids.run_id,
      calls: 1,
      refused_calls: 0,
      input_tokens: usage.input_tokens,
      output_tokens: usage.output_tokens,
      cost_usd: cost_usd ?? '0',
      last_refusal: 'SYSTEM_FAILURE',
      violation_policy_id: null,
      policy_context: draft.policy_id,
      at: ended_at,
    },
  };
}

/** All that the call could have used, as it was estimated and granted. */
function worstUsage({ estimate, output_bound }: DeadHold['call']) {
  const of: { [key: string]: Json } = isObject(estimate) ? estimate : {};
  const input_tokens = Number(of.input_tokens ?? 0);
  const output_tokens = output_bound * Number(of.choices ?? 1);
  const price = isObject(of.price ?? null) ? (of.price as { base_pico: string; output_pico: string }) : null;
  const cost_nano =
    price && ceilDiv(BigInt(price.base_pico) + BigInt(price.output_pico) * BigInt(output_tokens), 1000n);
  return { input_tokens, output_tokens, cost_nano };
}
