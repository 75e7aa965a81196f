import type { Edits } from '@aos/core/activity/wires/define.ts';
import { Problem } from '@aos/core/base/error.ts';
import { editTopLevel, isObject } from '@aos/core/base/json.ts';
import { failureIncident } from '@aos/core/incidents/open.ts';
import { provider_rate_limited, provider_timed_out } from '../store/run-progress.ts';
import {
  type ProviderTarget,
  type StopSignal,
  UpstreamFailure,
  type UpstreamRequest,
  type UpstreamResponse,
} from '../upstreams/llm/define.ts';
import { upstreams } from '../upstreams/llm/index.ts';
import { countsOutput } from './delivered.ts';
import type { Went } from './ending.ts';
import type { Govern } from './govern.ts';
import { openSecret } from './secrets.ts';
import type { Ticket } from './ticket.ts';
import { mayRefuseOptions, readRefusal, usageRefusalsOf } from './usage-asked.ts';

/** The bound to write into the request: only when the caller gave none and an enforced limit pays for output. */
export function addedBound({ asked, lines, output_bound }: Ticket): number | null {
  if (asked.request.max_output_tokens !== null) return null;
  return countsOutput(lines) ? output_bound : null;
}

/** What must differ from the caller's own bytes. */
const editsOf = (ticket: Ticket, include_usage: boolean): Edits =>
  ticket.asked.wire.edits(ticket.asked.json, {
    model: ticket.model.name,
    max_output_tokens: addedBound(ticket),
    include_usage,
  });

/**
 * Opens the request upstream. `signal` closes its socket. A provider that refuses what was added to learn the usage of
 * a stream is asked once more without it, in what is left of the time: a refusal is free, and nothing else is repeated.
 */
export async function dispatch(govern: Govern, ticket: Ticket, signal: StopSignal): Promise<UpstreamResponse> {
  const { asked, model } = ticket;
  const { clock, config, log } = govern;
  const refusals = usageRefusalsOf(govern);
  const is_callers = isObject(asked.json.stream_options);
  const begun_ms = clock.monotonic();
  const edits = editsOf(ticket, asked.request.stream && (is_callers || !refusals.has(model)));
  const first = await sendWith(govern, ticket, { signal, edits, deadlines: config.deadlines });
  if (is_callers || edits.stream_options === undefined || !mayRefuseOptions(first)) return first;
  const { response, names } = await readRefusal(first);
  if (!names) return response;
  const left_ms = Math.ceil(config.deadlines.total_ms - (clock.monotonic() - begun_ms));
  const deadlines = { ...config.deadlines, total_ms: Math.max(1, left_ms) };
  const second = await sendWith(govern, ticket, { signal, edits: editsOf(ticket, false), deadlines });
  // Refused all the same, it was about something else, and the next stream of this model is asked for its usage again.
  if (second.status < 300) {
    refusals.add(model);
    log.warn(
      { provider: model.provider.slug, model: model.name },
      'the provider refuses stream_options: what streams of this model use is counted here for an hour',
    );
  }
  return second;
}

interface Sending extends Pick<UpstreamRequest, 'signal' | 'deadlines'> {
  edits: Edits;
}

async function sendWith(govern: Govern, ticket: Ticket, sending: Sending): Promise<UpstreamResponse> {
  const { provider } = ticket.model;
  let request: UpstreamRequest;
  let target: ProviderTarget;
  try {
    request = requestOf(govern, ticket, sending);
    target = targetOf(govern, ticket);
  } catch (error) {
    throw new UpstreamFailure(
      'unreachable',
      false,
      `The request to provider "${provider.slug}" could not be made: ${(error as Error).message}`,
    );
  }
  ticket.in_flight.goesOut();
  try {
    return await upstreams[provider.kind].open(target, request);
  } catch (error) {
    throw asFailure(error);
  }
}

function targetOf(govern: Govern, { model: { provider }, call }: Ticket): ProviderTarget {
  const secret = openSecret(govern, call.asker.tenant_id, provider);
  return { id: provider.id, kind: provider.kind, base_url: provider.base_url ?? '', secret };
}

function requestOf({ clock }: Govern, { asked }: Ticket, { signal, deadlines, edits }: Sending): UpstreamRequest {
  return {
    wire: asked.wire.name,
    path: asked.wire.path + asked.query,
    body: Object.keys(edits).length === 0 ? asked.body : Buffer.from(editTopLevel(asked.body, edits)),
    headers: asked.headers,
    stream: asked.request.stream,
    deadlines,
    sent_at_ms: clock.now(),
    signal,
  };
}

/** How a call went before anything is known of its answer. */
export const unheard = (ticket: Ticket, status: Went['status']): Went => ({
  status,
  http_status: null,
  error: null,
  usage: null,
  usage_so_far: null,
  delivered_tokens: 0,
  searches: 0,
  free: false,
  lost: false,
  prompt_hash: ticket.asked.prompt_hash,
  response_hash: null,
  first_byte_at_ms: null,
  termination: null,
  incidents: [],
  answer: null,
});

/** What stands in the record of a call whose caller went away. */
export const client_closed = { code: 'client_closed', message: 'the caller left before the answer was complete' };

/**
 * A call whose answer never came: free when nothing was sent, else lost until somebody knows better. A stream whose
 * caller left before it began was ended by us: nothing was delivered, and nothing went wrong.
 */
export function failedToAnswer(ticket: Ticket, failure: UpstreamFailure): Went {
  const { message } = failure;
  if (failure.kind === 'aborted' && ticket.asked.gone.aborted) {
    return {
      ...unheard(ticket, 'cancelled'),
      error: client_closed,
      free: !failure.sent,
      termination: 'USER_ABORT',
    };
  }
  return {
    ...unheard(ticket, 'failed'),
    error: { code: failure.kind === 'timeout' ? 'provider_timeout' : 'provider_unreachable', message },
    free: !failure.sent,
    lost: failure.sent,
    termination: brokenBy(failure),
    incidents: [failureIncident(message)],
  };
}

/** What a run would end with whose last call broke off so. */
export const brokenBy = ({ kind }: UpstreamFailure): Went['termination'] =>
  kind === 'timeout' ? provider_timed_out : 'SYSTEM_FAILURE';

/** The provider refuses the account of the installation or its key: no caller can mend that. */
const of_the_account = new Set([401, 402, 403]);

/** What an answer of the provider with an error status means for the run; a caller's own mistake opens no incident. */
export function providerRefused(status: number): Pick<Went, 'termination' | 'incidents'> {
  if (status === 429)
    return {
      termination: provider_rate_limited,
      incidents: [failureIncident('the provider answered 429, too many requests')],
    };
  const is_ours = of_the_account.has(status) || status >= 500;
  const incidents = is_ours ? [failureIncident(`the provider answered ${status}`)] : [];
  return { termination: 'SYSTEM_FAILURE', incidents };
}

/**
 * The problem a caller gets when the provider gave no answer. One that had begun was made, and billed: official clients,
 * which repeat what never came, do not repeat what broke off.
 */
export function failureProblem(failure: UpstreamFailure, had_begun = false): Problem {
  const code = failure.kind === 'timeout' ? 'provider_timeout' : 'provider_unreachable';
  return new Problem(code, failure.message, { is_final: had_begun });
}

/** An unexpected error on the way is a lost answer too: the hold stays until it is known what was used. */
export function asFailure(error: unknown): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  return new UpstreamFailure(
    'reset',
    true,
    `The answer of the provider could not be read: ${(error as Error).message}`,
  );
}
