import type { Identity } from '@aos/core/access/identity.ts';
import { type GuardAnswer, type GuardAsked, guard_endpoints } from '@aos/core/api/guard.ts';
import { present } from '@aos/core/base/assert.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { ceilDiv, usdOfNano } from '@aos/core/base/money.ts';
import { instantText } from '@aos/core/base/time.ts';
import { refuses } from '@aos/core/policies/action.ts';
import type { Contribution } from '@aos/core/policies/decide.ts';
import { refusalOf } from '@aos/core/policies/refuse.ts';
import { toldToCaller } from '@aos/core/policies/told.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { checkCall } from '../govern/check.ts';
import { factsHeaders, factsOf } from '../govern/facts.ts';
import type { Govern } from '../govern/govern.ts';
import type { Ticket } from '../govern/ticket.ts';
import { readInput } from '../http/read-input.ts';
import { claimsOf } from './claims.ts';

/** Who calls, asked anew past every cache when control has changed since. */
export interface Callers {
  of(request: FastifyRequest): Promise<Identity>;
  at(request: FastifyRequest, control_epoch: string): Promise<Identity>;
}

/** `POST /v1/guard/check`: for callers who go to their provider themselves and ask before they do. */
export function guardRoute(app: FastifyInstance, govern: Govern, callers: Callers): void {
  const { path } = guard_endpoints.checkCall;
  app.post(path, { onRequest: async (request) => void (await callers.of(request)) }, async (request, reply) => {
    const identity = await callers.of(request);
    const asked = readInput(guard_endpoints.checkCall, request).body as GuardAsked;
    const ticket = await checkCall(
      govern,
      {
        identity,
        claims: { ...claimsOf(request.headers), dry_run: true },
        model: asked.model,
        tools: asked.tools,
        messages: (asked.messages as Record<string, never>[] | undefined) ?? null,
        input_tokens: asked.input_tokens ?? 0,
        max_output_tokens: asked.max_tokens ?? null,
        choices: asked.choices,
        request_id: request.id,
      },
      (control_epoch) => callers.at(request, control_epoch),
    );
    return reply
      .headers(factsHeaders(factsOf(ticket)))
      .send(guard_endpoints.checkCall.answer.parse(answerOf(govern, ticket)));
  });
}

function answerOf({ config }: Govern, ticket: Ticket): GuardAnswer {
  const { decision, estimate, output_bound, admitted_at_ms } = ticket;
  const refused = refuses(decision.verdict);
  return {
    allowed: !refused,
    verdict: decision.verdict,
    shadow_verdict: decision.shadow_verdict,
    refusal: refused ? refusal(config.public_url, present(decision.deciding, 'what refuses'), ticket) : null,
    contributions: decision.contributions.map(toldToCaller) as GuardAnswer['contributions'],
    estimate: {
      input_tokens: estimate.input_tokens,
      output_tokens: output_bound * estimate.choices,
      cost_usd: costOf(ticket),
    },
    decided_at: instantText(admitted_at_ms),
  };
}

/** The decision is kept nowhere, so what can be looked up is the policy that made it. */
function refusal(public_url: string, deciding: Contribution, ticket: Ticket): GuardAnswer['refusal'] {
  const { decision_id, run_id } = ticket.ids;
  const url = consoleUrl(public_url, deciding.policy_id);
  const problem = refusalOf(deciding, { decision_id, run_id, url, at_ms: ticket.admitted_at_ms });
  const { status, type, code, message, retry_after_s = null } = problem;
  const run = ticket.new_run === null ? run_id : null;
  return {
    status,
    retry_after_s,
    error: { message, type, code, details: { ...problem.details, decision_id: null, run_id: run } },
  };
}

function costOf({ estimate: { price, choices }, output_bound }: Ticket): string | null {
  return price && usdOfNano(ceilDiv(price.base_pico + price.output_pico * BigInt(output_bound * choices), 1000n));
}
