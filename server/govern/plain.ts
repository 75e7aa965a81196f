import type { WireAnswer } from '@aos/core/activity/wires/define.ts';
import { Problem } from '@aos/core/base/error.ts';
import { isObject, type Json, type JsonObject } from '@aos/core/base/json.ts';
import { failureIncident } from '@aos/core/incidents/open.ts';
import { sha256Hex } from '../base/deps.ts';
import { failpoint } from '../base/failpoint.ts';
import { inTurns } from '../base/in-turns.ts';
import { UpstreamFailure, type UpstreamResponse } from '../upstreams/llm/define.ts';
import { countDelivered, type Delivered, paidFor } from './delivered.ts';
import {
  addedBound,
  client_closed,
  dispatch,
  failedToAnswer,
  failureProblem,
  providerRefused,
  unheard,
} from './dispatch.ts';
import { outcomeOf, type Went } from './ending.ts';
import { type Facts, factsOf, refusedFacts } from './facts.ts';
import type { Govern } from './govern.ts';
import type { Governed } from './governed.ts';
import { endRunIfDue } from './kill.ts';
import { decisionThatStopped, stoppedEnding, stoppedProblem } from './stopped.ts';
import type { Ticket } from './ticket.ts';
import { readUnaskedEvents, type UnaskedEvents } from './unasked-events.ts';

/**
 * A call whose answer comes in one piece. A caller who leaves once it went out does not stop it: the provider bills it
 * whole, so it is read to its end, within the deadlines, and charged as reported.
 */
export async function sendPlain(govern: Govern, ticket: Ticket): Promise<Governed> {
  const facts = factsOf(ticket, addedBound(ticket));
  try {
    if (ticket.asked.gone.aborted) throw new UpstreamFailure('aborted', false, client_closed.message);
    const response = await dispatch(govern, ticket, ticket.in_flight.stop);
    return await finishPlain(govern, ticket, response, facts);
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    return settleUnanswered(govern, ticket, error, facts);
  }
}

/** Settles a call whose answer did not come: because it was stopped, or because the provider gave none. */
export async function settleUnanswered(
  govern: Govern,
  ticket: Ticket,
  failure: UpstreamFailure,
  facts: Facts,
  had_begun = false,
): Promise<Governed> {
  const decision = decisionThatStopped(ticket);
  if (decision === null) {
    await settle(govern, ticket, failedToAnswer(ticket, failure));
    return { kind: 'refused', problem: failureProblem(failure, had_begun), facts };
  }
  const problem = stoppedProblem(govern, ticket, decision, failure.sent);
  const sent = { free: !failure.sent, lost: failure.sent };
  await settle(
    govern,
    { ...ticket, decision },
    { ...unheard(ticket, 'failed'), ...stoppedEnding(problem, decision), ...sent },
  );
  await endRunIfDue(govern, ticket, decision);
  return { kind: 'refused', problem, facts: refusedFacts({ ...facts, verdict: decision.verdict }, decision) };
}

/** Reads an answer to its end, settles, and only then hands it on. */
export async function finishPlain(
  govern: Govern,
  ticket: Ticket,
  response: UpstreamResponse,
  facts: Facts,
): Promise<Governed> {
  failpoint(govern.config.failpoint, 'first_upstream_byte');
  const first_byte_at_ms = govern.clock.now();
  let body: Buffer;
  try {
    body = await response.whole();
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    if (!isRefusal(response, error)) return settleUnanswered(govern, ticket, broken(response, error), facts, true);
    return settleRefused(govern, ticket, { response, failure: error, facts }, first_byte_at_ms);
  }
  const went = await wentWith(ticket, response.status, body);
  went.first_byte_at_ms = first_byte_at_ms;
  await settle(govern, ticket, went);
  return { kind: 'plain', status: response.status, headers: response.headers, body, facts };
}

/** An error of the provider is one by its status, and free, also when what it says breaks off. */
const isRefusal = ({ status }: UpstreamResponse, { kind }: UpstreamFailure): boolean =>
  status >= 300 && kind !== 'aborted';

/** What was ended from here while a provider said why it refuses was free as well: as if nothing had been sent. */
const broken = ({ status }: UpstreamResponse, { kind, sent, message }: UpstreamFailure): UpstreamFailure =>
  new UpstreamFailure(kind, sent && status < 300, message);

/** Answers with the status of a provider whose error could not be read, and says so in its place. */
async function settleRefused(
  govern: Govern,
  ticket: Ticket,
  of: { response: UpstreamResponse; failure: UpstreamFailure; facts: Facts },
  first_byte_at_ms: number,
): Promise<Governed> {
  const { status, headers } = of.response;
  await settle(govern, ticket, {
    ...unheard(ticket, 'failed'),
    ...refusedWith(status),
    http_status: status,
    first_byte_at_ms,
    free: true,
  });
  const message = `The provider answered ${status}, and the rest of its answer could not be read: ${of.failure.message}`;
  const body = Buffer.from(JSON.stringify(ticket.asked.wire.errorBody(new Problem('provider_error', message))));
  return { kind: 'plain', status, headers: { ...headers, 'content-type': 'application/json' }, body, facts: of.facts };
}

const refusedWith = (status: number): Pick<Went, 'status' | 'error' | 'termination' | 'incidents'> => ({
  status: 'failed',
  error: { code: `provider_${status}`, message: `the provider answered ${status}` },
  ...providerRefused(status),
});

async function settle(govern: Govern, ticket: Ticket, went: Went): Promise<void> {
  await govern.settleFor(ticket, await outcomeOf(govern, ticket, went));
}

function wentWith(ticket: Ticket, status: number, body: Buffer): Went | Promise<Went> {
  const json = jsonIn(body);
  const answer: WireAnswer = json ? ticket.asked.wire.readAnswer(json) : { usage: null, text: body.toString('utf8') };
  const heard = unheard(ticket, 'succeeded');
  heard.http_status = status;
  heard.response_hash = sha256Hex(body);
  heard.usage = answer.usage;
  // A redirect is none of the provider's own answers, and is not followed: its body might go to somebody else.
  if (status >= 300) {
    return { ...heard, ...refusedWith(status), free: heard.usage === null };
  }
  const tells_error = answer.failed || (json !== null && isObject(json.error));
  if (answer.usage === null && answer.text === '' && tells_error) {
    const message = `the provider answered ${status} with an error instead of an answer`;
    return { ...heard, ...failedWith(message), free: true };
  }
  if (answer.failed) return wentFailed(ticket, heard, answer.text);
  if (heard.usage === null) return wentUnreported(ticket, heard, { text: answer.text, is_json: json !== null }, body);
  heard.answer = body;
  return heard;
}

/** An answer that says of itself that it failed is charged for what it reports or holds, and is no answer. */
async function wentFailed(ticket: Ticket, heard: Went, text: string): Promise<Went> {
  if (heard.usage === null) heard.delivered_tokens = await tokensOf(ticket, text);
  return { ...heard, ...failedWith(`the provider answered ${heard.http_status} with an answer that failed`) };
}

/** It passes through as it is, and its length stands for the tokens that nobody reported. */
async function wentUnreported(
  ticket: Ticket,
  heard: Went,
  { text, is_json }: { text: string; is_json: boolean },
  body: Buffer,
): Promise<Went> {
  const events = is_json ? null : await readUnaskedEvents(ticket, body);
  if (events) return wentInEvents(ticket, heard, events);
  heard.delivered_tokens = await tokensOf(ticket, text);
  if (!is_json) {
    // How much of it a model wrote is not known: it costs no more than an answer that never came.
    heard.delivered_tokens = atMostHeld(ticket, heard.delivered_tokens);
    return { ...heard, ...failedWith(`the provider answered ${heard.http_status} with what is no JSON object`) };
  }
  heard.answer = body;
  return heard;
}

const atMostHeld = ({ output_bound, estimate }: Ticket, tokens: number): number =>
  Math.min(tokens, output_bound * estimate.choices);

/** Some providers stream whatever was asked for: their caller gets it as it came, and what it used is known. */
async function wentInEvents(ticket: Ticket, heard: Went, events: UnaskedEvents): Promise<Went> {
  const { usage, text, searches, is_whole } = events;
  const went = { ...heard, usage: is_whole ? usage : null, usage_so_far: usage, searches };
  if (went.usage === null) went.delivered_tokens = atMostHeld(ticket, await tokensOf(ticket, text));
  if (is_whole) return went;
  return { ...went, ...failedWith('the provider answered with events that end before the answer is complete') };
}

const failedWith = (message: string): Pick<Went, 'status' | 'error' | 'termination' | 'incidents'> => ({
  status: 'failed',
  error: { code: 'provider_error', message },
  termination: 'SYSTEM_FAILURE',
  incidents: [failureIncident(message)],
});

function jsonIn(body: Buffer): JsonObject | null {
  try {
    const json = JSON.parse(body.toString('utf8')) as Json;
    return isObject(json) ? json : null;
  } catch {
    return null;
  }
}

async function tokensOf(ticket: Ticket, text: string): Promise<number> {
  const delivered = await countDelivered(ticket.model.provider.kind);
  await inTurns(adding(delivered, text));
  return paidFor(ticket).charged(delivered.tokens());
}

/** As long as what a stream brings at a time, which its counter is made for. */
const piece = 2_048;

function* adding(delivered: Delivered, text: string): Generator<void, void> {
  for (let at = 0; at < text.length; at += piece) {
    if (at > 0) yield;
    delivered.crosses(text.slice(at, at + piece), Infinity);
  }
}
