import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Endpoint, StreamEvent } from '@aos/core/api/endpoint.ts';
import { Problem } from '@aos/core/base/error.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../base/deps.ts';
import { authenticate } from './authenticate.ts';
import type { Context } from './handler.ts';
import { readInput } from './read-input.ts';

export type StreamHandler = (input: unknown, context: Context) => Promise<AsyncIterable<StreamEvent>>;

/** A listener that hears nothing for longer than this knows that the stream is lost. */
const heartbeat_every_ms = 2_000;
/** How often it is looked whether the key still holds. */
const authenticate_every_ms = 10_000;
/** Streams that one process keeps open. */
const streams_max = 1_000;

/** Headers that keep proxies from holding events back. */
const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
};

/** The open streams of events of one server: they end when it closes, so that nothing waits for them. */
export function eventStreams(app: FastifyInstance) {
  const open = new Set<AbortController>();
  app.addHook('preClose', async () => {
    for (const stream of open) stream.abort();
  });
  return {
    async answer(
      endpoint: Endpoint,
      handler: StreamHandler,
      request: FastifyRequest,
      reply: FastifyReply,
      context: Context,
    ): Promise<FastifyReply> {
      if (open.size >= streams_max)
        throw new Problem('rate_limit_exceeded', `This process keeps ${streams_max} streams open already.`, {
          retry_after_s: 5,
        });
      const gone = new AbortController();
      open.add(gone);
      request.raw.socket.once('close', () => gone.abort());
      try {
        const of_stream = { ...context, last_event_id: lastEventIdIn(request), gone: gone.signal };
        const events = await handler(readInput(endpoint, request), of_stream);
        reply.headers(headers).hijack();
        reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>);
        await send(reply.raw, context.deps, request, events, gone);
      } finally {
        gone.abort();
        open.delete(gone);
      }
      return reply;
    },
  };
}

function lastEventIdIn({ headers: { 'last-event-id': id } }: FastifyRequest): string | null {
  if (id === undefined || id === '') return null;
  if (typeof id === 'string' && id.length <= 2_000) return id;
  throw new Problem('invalid_header', 'Last-Event-ID is longer than any id given out here. Leave it out.');
}

/**
 * Writes events as they come, at the pace of whoever reads, with heartbeats between them. A stream that cannot go on
 * just ends: its listener comes back and is told why, or goes on where it was.
 */
async function send(
  raw: ServerResponse,
  deps: Deps,
  request: FastifyRequest,
  events: AsyncIterable<StreamEvent>,
  gone: AbortController,
): Promise<void> {
  const beat = () => write(raw, { data: { type: 'heartbeat', ...at(deps) }, position: null });
  const beating = setInterval(beat, heartbeat_every_ms);
  const checking = setInterval(() => {
    authenticate(deps, request.headers, request.ip).catch(() => gone.abort());
  }, authenticate_every_ms);
  try {
    raw.write('retry: 1000\n\n');
    beat();
    for await (const event of events) {
      if (raw.destroyed) break;
      if (!write(raw, event)) await roomOrGone(raw, gone.signal);
    }
  } catch (error) {
    if (!gone.signal.aborted) deps.log.warn({ error, request_id: request.id }, 'a stream of events could not go on');
  } finally {
    clearInterval(beating);
    clearInterval(checking);
    raw.end();
  }
}

const at = ({ clock }: Deps) => ({ at: instantText(clock.now()) });

function write(raw: ServerResponse, { data, position }: StreamEvent): boolean {
  // A listener that reads nothing gets no heartbeats either: they would pile up.
  if (data.type === 'heartbeat' && raw.writableNeedDrain) return false;
  const id = position === null ? '' : `id: ${position}\n`;
  return raw.write(`event: ${data.type}\n${id}data: ${JSON.stringify(data)}\n\n`);
}

async function roomOrGone(raw: ServerResponse, signal: AbortSignal): Promise<void> {
  await once(raw, 'drain', { signal }).catch(() => undefined);
}

/** Waits between two looks; false: the listener has left, or the process is about to. */
export const waited = (ms: number, gone: AbortSignal): Promise<boolean> =>
  pause(ms, undefined, { signal: gone }).then(
    () => true,
    () => false,
  );
