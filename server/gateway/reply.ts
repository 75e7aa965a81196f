import type { ServerResponse } from 'node:http';
import type { Wire } from '@aos/core/activity/wires/define.ts';
import type { FastifyReply } from 'fastify';
import { factsHeaders } from '../govern/facts.ts';
import type { Governed, Streamed } from '../govern/governed.ts';
import { asProblem, problemHeaders } from '../http/problem.ts';

/** Answers a governed call on its own wire; a caller who takes nothing of a stream for `idle_ms` is cut off. */
export async function replyWith(
  reply: FastifyReply,
  wire: Wire,
  governed: Governed,
  idle_ms: number,
): Promise<FastifyReply> {
  reply.headers(factsHeaders(governed.facts));
  switch (governed.kind) {
    case 'refused':
      return reply
        .code(governed.problem.status)
        .headers(problemHeaders(governed.problem))
        .send(wire.errorBody(governed.problem));
    case 'dry_run':
      return reply.code(200).send({ dry_run: true, decision: governed.decision });
    case 'plain':
      if (governed.status >= 300) reply.header('x-aos-source', 'provider');
      return reply.code(governed.status).headers(providerHeaders(governed.headers)).send(governed.body);
    case 'stream':
      return stream(reply.code(governed.status).headers(providerHeaders(governed.headers)), wire, governed, idle_ms);
  }
}

/** `x-request-id` and `request-id` are ours, which ledger and log know; what the provider calls its part stands beside. */
function providerHeaders(theirs: Record<string, string>): Record<string, string> {
  const { 'x-request-id': id, 'request-id': also } = theirs;
  if (id === undefined && also === undefined) return theirs;
  const headers: Record<string, string> = { ...theirs, 'x-aos-provider-request-id': id ?? also ?? '' };
  delete headers['x-request-id'];
  delete headers['request-id'];
  return headers;
}

/** Headers that keep proxies from holding events back. */
const unbuffered = { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' };

/**
 * Writes chunks as the caller takes them: a slow caller slows the reading of the provider, and one who leaves ends the
 * iteration, which cancels upstream and settles what was delivered. Nobody else answers once the head is out: what goes
 * wrong is told as the wire's own error event, so that the caller neither waits for ever nor takes the answer for whole.
 */
async function stream(
  reply: FastifyReply,
  wire: Wire,
  { chunks, source }: Streamed,
  idle_ms: number,
): Promise<FastifyReply> {
  reply.headers(unbuffered).hijack();
  const { raw } = reply;
  raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>);
  try {
    for await (const chunk of chunks) {
      if (raw.destroyed) break;
      if (chunk.length > 0 && !raw.write(chunk)) await roomOrOver(raw, source, idle_ms);
    }
    raw.end();
  } catch (error) {
    raw.end(wire.errorEvents(asProblem(error, reply.request)));
  }
  return reply;
}

/**
 * Until the caller has taken what was written, has left, or nothing more comes from the provider: a call that was ended
 * is settled though nobody reads on. A caller who takes nothing for the idle deadline is cut off.
 */
async function roomOrOver(raw: ServerResponse, source: Streamed['source'], idle_ms: number): Promise<void> {
  raw.socket?.setTimeout(idle_ms);
  if (!source.destroyed) {
    await new Promise<void>((resolve) => {
      const done = () => {
        raw.off('drain', done).off('close', done);
        source.off('close', done);
        resolve();
      };
      raw.on('drain', done).on('close', done);
      source.on('close', done);
    });
  }
  if (!raw.writableNeedDrain) raw.socket?.setTimeout(0);
}
