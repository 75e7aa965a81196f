import type { Identity } from '@aos/core/access/identity.ts';
import type { Named } from '@aos/core/activity/call.ts';
import type { Wire, WireRequest } from '@aos/core/activity/wires/define.ts';
import { wires } from '@aos/core/activity/wires/index.ts';
import { no_searches } from '@aos/core/activity/wires/searches.ts';
import { assert } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { JsonObject } from '@aos/core/base/json.ts';
import type { Deps } from '../base/deps.ts';
import type { AskedCall, Claims } from './asked.ts';
import { createBooks } from './books.ts';
import { decided } from './call.ts';
import { createControls, type TenantControl } from './control.ts';
import { estimateOf, estimateOfTokens } from './estimate.ts';
import type { Govern } from './govern.ts';
import { createCallsInFlight } from './in-flight.ts';
import { createLater } from './later.ts';
import { type ChosenModel, chooseModel } from './models.ts';
import { dryRegistry } from './registry.ts';
import type { Ticket } from './ticket.ts';
import { createWaitingRoom } from './waiting.ts';

/** A call that nobody makes. */
export interface Supposed {
  identity: Identity;
  claims: Claims;
  /** The session of the run that the call would open. */
  session?: Named | null;
  /** `provider/model`, or a bare name. */
  model: string;
  tools: string[];
  /** Null: the prompt is given as a number of tokens. */
  messages: JsonObject[] | null;
  input_tokens: number;
  max_output_tokens: number | null;
  choices: number;
  request_id: string;
}

/**
 * Decides about a call as the gateway does, by the same code over the same books, without any effect: what it registers
 * or touches is taken back, and nothing is held, sent or recorded.
 */
export async function decideSupposed(deps: Deps, supposed: Supposed): Promise<Ticket> {
  const controls = createControls(deps);
  const served = servedOn(await controls.of(supposed.identity.tenant_id), supposed.model);
  const asked = supposedCall(deps, served?.wire ?? wires.chat, supposed);
  const estimating = supposed.messages === null ? estimateOfTokens(supposed.input_tokens) : estimateOf;
  try {
    return await decided(dryGovern(deps, controls), asked, estimating);
  } catch (error) {
    throw error instanceof Problem ? asBodyProblem(error) : error;
  }
}

function dryGovern(deps: Deps, controls: Govern['controls']): Govern {
  return {
    ...deps,
    controls,
    registry: dryRegistry(deps),
    books: createBooks(deps, createLater(deps)),
    calls: createCallsInFlight(),
    waiting: createWaitingRoom(() => deps.clock.monotonic()),
    settleFor: () => assert(false, 'a supposed call is never settled') as never,
    settleStep: () => assert(false, 'a supposed step is never settled') as never,
    letGo: ({ in_flight }) => in_flight.leave(),
  };
}

const tried = [wires.chat, wires.messages, wires.responses, wires.embeddings];

/** The first dialect in which somebody serves the model; null: nobody does. */
export function servedOn(control: TenantControl, model: string): { wire: Wire; model: ChosenModel } | null {
  for (const wire of tried) {
    try {
      return { wire, model: chooseModel(control, wire, model) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }
  return null;
}

const still_here = new AbortController().signal;

/** A supposed call in the form of a real one. */
export function supposedCall({ makeId, clock }: Deps, wire: Wire, of: Supposed): AskedCall {
  const { messages, model, max_output_tokens } = of;
  const json = {
    model,
    ...(messages && { messages }),
    ...(max_output_tokens !== null && { max_tokens: max_output_tokens }),
  };
  return {
    identity: of.identity,
    claims: of.claims,
    wire,
    request: requestAs(wire, json, of),
    body: Buffer.from(JSON.stringify(json)),
    json,
    prompt_hash: '',
    query: '',
    headers: {},
    request_id: of.request_id,
    new_run_id: makeId('run'),
    new_run_session: of.session ?? null,
    begun_ms: clock.monotonic(),
    identityAt: () => of.identity,
    gone: still_here,
  };
}

function requestAs(wire: Wire, json: JsonObject, of: Supposed): WireRequest {
  const { model, tools, max_output_tokens, choices } = of;
  const is_read = json.messages !== undefined && (wire === wires.chat || wire === wires.messages);
  const read = is_read ? wire.readRequest(wire === wires.messages ? { max_tokens: 1, ...json } : json) : null;
  const unseen = { text_bytes: 0, messages: 0, images: 0, pdfs: [], unseen: 1, text: () => '' };
  return {
    model,
    stream: false,
    max_output_tokens: wire === wires.embeddings ? 0 : max_output_tokens,
    choices,
    wants_usage_chunk: false,
    prompt: read?.prompt ?? unseen,
    tools,
    tool_results: read?.tool_results ?? 0,
    searches: read?.searches ?? no_searches,
  };
}

const names: Record<string, string> = {
  'x-aos-project': 'project',
  'x-aos-agent-id': 'agent',
  'x-aos-actor-id': 'actor',
  'x-aos-run-id': 'run_id',
  'x-aos-session-id': 'session',
};

/** What the gateway says of a header is said of the member of the body that stands for it. */
function asBodyProblem(problem: Problem): Problem {
  const message = problem.message.replace(/x-aos-[a-z-]+/g, (header) => names[header] ?? header);
  if (message === problem.message) return problem;
  return new Problem(problem.code === 'invalid_header' ? 'invalid_body' : problem.code, message);
}
