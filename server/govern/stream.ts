import { createHash, type Hash } from 'node:crypto';
import type { Usage } from '@aos/core/activity/usage.ts';
import type { StreamReader } from '@aos/core/activity/wires/define.ts';
import { Problem } from '@aos/core/base/error.ts';
import { failureIncident } from '@aos/core/incidents/open.ts';
import type { Decision } from '@aos/core/policies/decide.ts';
import { failpoint } from '../base/failpoint.ts';
import { UpstreamFailure, type UpstreamResponse } from '../upstreams/llm/define.ts';
import { mayBeEvents, type SseEvent, SseSplitter } from '../upstreams/llm/sse.ts';
import { cutDecision, cutProblem } from './cut.ts';
import { countDelivered, type Delivered, type Paid, paidFor } from './delivered.ts';
import {
  addedBound,
  asFailure,
  brokenBy,
  client_closed,
  dispatch,
  failureProblem,
  providerRefused,
  unheard,
} from './dispatch.ts';
import { outcomeOf, type Went } from './ending.ts';
import { factsOf } from './facts.ts';
import type { Govern } from './govern.ts';
import type { BrokenOff, Chunks, Governed } from './governed.ts';
import { endRunIfDue } from './kill.ts';
import { lastEvent } from './last-event.ts';
import { heldSafely } from './let-go.ts';
import { finishPlain, settleUnanswered } from './plain.ts';
import { decisionThatStopped, stoppedEnding, stoppedProblem } from './stopped.ts';
import { Stopper } from './stopper.ts';
import type { Ticket } from './ticket.ts';

/** A call whose answer comes in events: each is read, metered and passed on; the last ones wait until all is settled. */
export async function sendStream(govern: Govern, ticket: Ticket): Promise<Governed> {
  const facts = factsOf(ticket, addedBound(ticket));
  const upstream = new Stopper();
  const leave = () => upstream.abort();
  for (const signal of [ticket.asked.gone, ticket.in_flight.stop]) {
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
  }
  // The first call waits for a vocabulary: before anything is sent, or the provider would seem to be late.
  const seen = await begin(ticket);
  try {
    const response = await dispatch(govern, ticket, upstream);
    if (response.status >= 300 || !mayBeEvents(response.headers['content-type']))
      return await finishPlain(govern, ticket, response, facts);
    ticket.in_flight.streams();
    const chunks = metered(govern, ticket, seen, response, upstream);
    const { status, headers, body: source } = response;
    return { kind: 'stream', status, headers, chunks, source, facts };
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    return settleUnanswered(govern, ticket, error, facts);
  }
}

/** What has been seen of a stream so far. */
interface Seen {
  reader: StreamReader;
  splitter: SseSplitter;
  delivered: Delivered;
  paid: Paid;
  hash: Hash;
  /** All that was passed on, for a step of a plan, which goes by the whole of it; else null. */
  kept: Buffer[] | null;
  usage: Usage | null;
  done: boolean;
  /** The decision that ended the stream; null while it may go on. */
  cut: Decision | null;
  /** The decision of the person or policy that ended it from outside. */
  stopped: Decision | null;
  provider_error: boolean;
  /** The status that its error says; undefined when it says none. */
  error_status: number | undefined;
  first_byte_at_ms: number | null;
}

async function* metered(
  govern: Govern,
  ticket: Ticket,
  seen: Seen,
  response: UpstreamResponse,
  upstream: Stopper,
): Chunks {
  let failure: UpstreamFailure | null = null;
  let settled = false;
  const finish = async () => {
    if (settled) return;
    settled = true;
    if (seen.done) letClose(response.body, upstream);
    else upstream.abort();
    // Stopped or not is settled here: a stop that comes later finds a call that has ended.
    if (!seen.cut && !seen.done) seen.stopped = decisionThatStopped(ticket);
    const decision = seen.cut ?? seen.stopped ?? ticket.decision;
    const went = wentOf(govern, ticket, seen, failure);
    await heldSafely(govern, ticket, async () =>
      govern.settleFor(ticket, await outcomeOf(govern, { ...ticket, decision }, went)),
    );
    await endRunIfDue(govern, ticket, decision);
  };
  try {
    let held: Buffer[] = [];
    try {
      for await (const chunk of response.body.iterator({ destroyOnReturn: false })) {
        if (seen.first_byte_at_ms === null) failpoint(govern.config.failpoint, 'first_upstream_byte');
        seen.first_byte_at_ms ??= govern.clock.now();
        const { held: paused } = ticket.in_flight;
        // Nobody waits for a step of a plan who could be kept waiting: its run stands still after it.
        if (paused && !seen.kept) await paused;
        if (ticket.in_flight.ended_by) break;
        const { now, last } = take(ticket, seen, seen.splitter.push(chunk as Buffer));
        held = held.concat(last);
        if (now.length > 0) yield joined(now);
        failpoint(govern.config.failpoint, 'mid_stream');
        if (seen.cut || seen.done) break;
      }
      if (!seen.done) held = held.concat(takeLast(ticket, seen, response.body));
    } catch (error) {
      failure = asFailure(error);
    }
    await finish();
    const broken = brokenOff(govern, ticket, seen, failure);
    yield Buffer.concat([...held, ...endOf(ticket, seen, broken)]);
    return broken;
  } finally {
    await finish();
  }
}

/** How long a provider that has said its last word may take to end its answer, so that its connection is used again. */
const closing_ms = 1_000;

/** The answer is whole, and nobody waits for what the provider does next. */
function letClose(body: UpstreamResponse['body'], upstream: Stopper): void {
  if (body.closed) return;
  const timer = setTimeout(() => upstream.abort(), closing_ms);
  timer.unref();
  body.once('close', () => clearTimeout(timer));
  body.resume();
}

async function begin(ticket: Ticket): Promise<Seen> {
  return {
    reader: ticket.asked.wire.streamReader(ticket.asked.request),
    splitter: new SseSplitter(),
    delivered: await countDelivered(ticket.model.provider.kind),
    paid: paidFor(ticket),
    hash: createHash('sha256'),
    kept: ticket.asked.planned ? [] : null,
    usage: null,
    done: false,
    cut: null,
    stopped: null,
    provider_error: false,
    error_status: undefined,
    first_byte_at_ms: null,
  };
}

/** Reads events: `now` may be passed on at once, `last` only when the call is settled. Stops before the one too many. */
function take(ticket: Ticket, seen: Seen, events: readonly SseEvent[]): { now: Buffer[]; last: Buffer[] } {
  const now: Buffer[] = [];
  const last: Buffer[] = [];
  for (const event of events) {
    const read = seen.reader.read(event);
    if (read.text !== '' && seen.delivered.crosses(read.text, seen.paid.cut_at, read.by_answer)) {
      seen.cut = cutDecision(ticket);
      break;
    }
    if (read.usage) seen.usage = read.usage;
    seen.done ||= read.done;
    seen.provider_error ||= read.failed;
    seen.error_status ??= read.error_status;
    if (!read.forward) continue;
    seen.hash.update(event.raw);
    seen.kept?.push(event.raw);
    (seen.done ? last : now).push(event.raw);
    if (seen.done) break;
  }
  return { now, last };
}

/** What the provider left behind when it ended the stream by itself; nothing when it was ended from here. */
function takeLast(ticket: Ticket, seen: Seen, body: UpstreamResponse['body']): Buffer[] {
  if (seen.cut || !body.readableEnded) return [];
  const rest = lastEvent(seen.splitter.rest());
  // What was begun and not ended is not passed on: whatever comes next would be glued to it.
  if (rest === 'cut') return [];
  const { now, last } = take(ticket, seen, rest ? [rest] : []);
  seen.done ||= !seen.cut && !seen.provider_error && seen.reader.all_finished === true;
  return [...now, ...last];
}

const joined = (parts: Buffer[]): Buffer => (parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts));

/** The bytes that close a stream which did not close by itself: always an error event, never a silent end. */
function endOf({ asked: { wire } }: Ticket, seen: Seen, broken: BrokenOff | null): Buffer[] {
  // What the provider itself said of its error has been passed on.
  if (broken === null || (broken.verdict === null && seen.provider_error)) return [];
  return [Buffer.from(wire.errorEvents(broken.problem, seen.reader))];
}

function brokenOff(govern: Govern, ticket: Ticket, seen: Seen, failure: UpstreamFailure | null): BrokenOff | null {
  const { cut, stopped, provider_error } = seen;
  if (cut) return { problem: cutProblem(govern, ticket, cut), verdict: cut.verdict };
  if (stopped) return { problem: stoppedProblem(govern, ticket, stopped), verdict: stopped.verdict };
  if (seen.done && !provider_error) return null;
  if (failure && !provider_error) return { problem: failureProblem(failure), verdict: null };
  // What it told is an answer, as a status would have been: nobody was out of reach.
  const problem = provider_error
    ? new Problem('provider_error', 'The provider ended the stream with an error.')
    : new Problem('provider_unreachable', 'The provider ended the stream before the answer was complete.');
  return { problem, verdict: null, refused_with: isRefusal(seen) ? seen.error_status : undefined };
}

/** An error instead of an answer, which is free whether it comes with a status or as the only event of a stream. */
const isRefusal = ({ provider_error, usage, delivered }: Seen): boolean =>
  provider_error && usage === null && delivered.tokens() === 0;

function wentOf(govern: Govern, ticket: Ticket, seen: Seen, failure: UpstreamFailure | null): Went {
  const counted = seen.delivered.tokens();
  const heard: Went = {
    ...unheard(ticket, 'failed'),
    http_status: 200,
    response_hash: seen.hash.digest('hex'),
    first_byte_at_ms: seen.first_byte_at_ms,
    usage_so_far: seen.usage,
    delivered_tokens: seen.paid.charged(counted),
    searches: seen.reader.searches ?? 0,
  };
  if (seen.cut) {
    const message =
      counted > seen.paid.tokens
        ? `the stream was ended at ${counted} tokens by our count, where its limit pays for ${seen.paid.tokens} by the provider's`
        : 'the stream was ended at what its limit pays for';
    const error = { code: 'stream_cut', message };
    return { ...heard, status: 'cut', error, termination: seen.cut.deciding?.termination ?? 'BUDGET_EXCEEDED' };
  }
  if (seen.stopped) return { ...heard, ...stoppedEnding(stoppedProblem(govern, ticket, seen.stopped), seen.stopped) };
  if (seen.done && !seen.provider_error)
    return { ...heard, status: 'succeeded', usage: seen.usage, answer: seen.kept && Buffer.concat(seen.kept) };
  if (ticket.asked.gone.aborted) {
    return { ...heard, status: 'cancelled', error: client_closed, termination: 'USER_ABORT' };
  }
  if (isRefusal(seen) && seen.error_status !== undefined) {
    const error = { code: `provider_${seen.error_status}`, message: `the provider answered ${seen.error_status}` };
    return { ...heard, status: 'failed', error, free: true, ...providerRefused(seen.error_status) };
  }
  const message = failure?.message ?? 'the provider ended the stream with an error or before it was complete';
  return {
    ...heard,
    status: 'failed',
    // Anthropic reports at the start, too, what is no total yet.
    usage: seen.provider_error && (seen.usage?.output_tokens ?? 0) >= heard.delivered_tokens ? seen.usage : null,
    error: { code: failure ? `provider_${failure.kind}` : 'provider_error', message },
    free: isRefusal(seen),
    termination: failure ? brokenBy(failure) : 'SYSTEM_FAILURE',
    incidents: [failureIncident(message)],
  };
}
