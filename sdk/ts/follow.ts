import { AOSError, ConnectionError, connectionError } from './errors.ts';
import { eventsOf } from './events.ts';
import { openStream, pause } from './request.ts';
import type { Settings } from './settings.ts';

export interface StreamOptions {
  signal?: AbortSignal | undefined;
  /** Only what came after this event. */
  last_event_id?: string | undefined;
}

/** The server sends a heartbeat every two seconds: a stream that is silent for so long is lost. */
const silence_ms = 10_000;
/** How often in a row a stream is taken up again without having told anything. */
const reconnections = 5;
const first_pause_ms = 200;

/**
 * The events of a stream, without heartbeats, until the one of the type `last`; it is taken up where it was when the
 * connection breaks.
 */
export async function* follow<Event extends { type: string }>(
  settings: Settings,
  path: string,
  last: Event['type'] | null,
  options: StreamOptions = {},
): AsyncGenerator<Event, void, void> {
  const { signal } = options;
  let last_event_id = options.last_event_id;
  for (let failures = 0; ; failures++) {
    try {
      for await (const event of oneConnection(settings, path, last_event_id, signal)) {
        failures = 0;
        last_event_id = event.id ?? last_event_id;
        if (event.event === 'heartbeat') continue;
        yield event.data as Event;
        if (event.event === last) return;
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const passes = !(error instanceof AOSError) || error instanceof ConnectionError || error.retry_after_s !== null;
      if (!passes || failures >= reconnections) throw error;
    }
    if (failures >= reconnections)
      throw connectionError(`${settings.base_url}${path} ends without telling anything, again and again.`, null);
    await pause(first_pause_ms * 2 ** failures, signal);
  }
}

async function* oneConnection(
  settings: Settings,
  path: string,
  last_event_id: string | undefined,
  signal: AbortSignal | undefined,
) {
  const silent = new AbortController();
  const watch = () => setTimeout(() => silent.abort(new Error('the stream fell silent')), silence_ms);
  let timer = watch();
  try {
    const headers = last_event_id === undefined ? {} : { 'last-event-id': last_event_id };
    const either = signal ? AbortSignal.any([signal, silent.signal]) : silent.signal;
    const answer = await openStream(settings, { method: 'GET', path, headers, signal: either });
    if (!answer.body) return;
    for await (const event of eventsOf(answer.body)) {
      clearTimeout(timer);
      yield event;
      timer = watch();
    }
  } finally {
    clearTimeout(timer);
  }
}
