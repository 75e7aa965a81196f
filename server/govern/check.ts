import { wires } from '@aos/core/activity/wires/index.ts';
import type { AskedCall } from './asked.ts';
import { decided } from './call.ts';
import { estimateOf, estimateOfTokens } from './estimate.ts';
import { type Supposed, servedOn, supposedCall } from './explain.ts';
import type { Govern } from './govern.ts';
import type { Ticket } from './ticket.ts';

/**
 * Decides about a call that its caller is about to make elsewhere, by the code and the rooms of real calls, as a dry run:
 * nothing is held, sent, registered or recorded.
 */
export async function checkCall(
  govern: Govern,
  supposed: Supposed,
  identityAt: AskedCall['identityAt'],
): Promise<Ticket> {
  const control = await govern.controls.of(supposed.identity.tenant_id);
  const served = servedOn(control, supposed.model);
  const asked = { ...supposedCall(govern, served?.wire ?? wires.chat, supposed), identityAt };
  const estimating = supposed.messages === null ? estimateOfTokens(supposed.input_tokens) : estimateOf;
  return decided(govern, asked, estimating);
}
