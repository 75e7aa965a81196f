import { wires } from '@aos/core/activity/wires/index.ts';
import { Problem, problemBody } from '@aos/core/base/error.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isAway } from '../base/database.ts';
import type { Log } from '../base/log.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Where what nobody expected is written. */
    failures: Log;
  }
}

/** The problem an error is for the caller. What nobody expected is logged, and the caller learns its request id only. */
export function asProblem(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  const known = ofFramework(error) ?? ofDatabase(error);
  if (known?.status === 503) {
    request.server.failures.warn(
      { error, request_id: request.id, route: request.routeOptions.url },
      'the database did not answer',
    );
  }
  if (known) return known;
  request.server.failures.error(
    { error, request_id: request.id, route: request.routeOptions.url },
    'a request failed unexpectedly',
  );
  return new Problem(
    'internal',
    `The server made a mistake while answering this request. Its log says more under request id ${request.id}.`,
  );
}

/** What the status alone does not tell clients: whether, and when, to try again. */
export function problemHeaders(problem: Problem): Record<string, string> {
  // Nobody repeats a 401 by itself. A time to come back would tell clients to, which know nothing of the header.
  if (problem.is_final && problem.status !== 401) return { 'x-should-retry': 'false' };
  switch (problem.status) {
    case 401:
      return { 'www-authenticate': 'Bearer' };
    case 402:
    case 403:
    case 409: // a repeated call that waited for the first to end would be made, and paid, once more
      return { 'x-should-retry': 'false' };
    case 429:
      return { 'retry-after': String(Math.min(60, Math.max(1, Math.ceil(problem.retry_after_s ?? 1)))) };
    case 503:
      return { 'retry-after': '2' };
    default:
      return {};
  }
}

/** The path is of Anthropic's wire, or the one of models, which both wires have, and its client asks. */
export function wantsAnthropic({ url, headers }: Pick<FastifyRequest, 'url' | 'headers'>): boolean {
  if (/^\/(?:anthropic\/v1|v1\/messages)(?:[/?]|$)/.test(url)) return true;
  return headers['anthropic-version'] !== undefined && /^\/v1\/models(?:[/?]|$)/.test(url);
}

/** Answers with the error, in the form of the wire that the path belongs to. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = asProblem(error, request);
  const body = wantsAnthropic(request) ? wires.messages.errorBody(problem) : problemBody(problem);
  // Closing at once would reset a sender who is still sending, before it could read why; the rest is read and dropped.
  if (problem.code === 'too_large') reply.removeHeader('connection');
  return reply.code(problem.status).headers(problemHeaders(problem)).type('application/json; charset=utf-8').send(body);
}

const codeOf = (error: unknown): string => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
};

function ofFramework(error: unknown): Problem | null {
  const code = codeOf(error);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Problem(
      'too_large',
      'The body is larger than this server takes. Send less, or raise AOS_BODY_LIMIT_BYTES.',
    );
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new Problem('unsupported_media_type', 'The content-type cannot be read: send application/json.');
  }
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return new Problem(
      'not_found',
      'There is nothing at this path: it cannot be decoded. Encode it as UTF-8 with %XX.',
    );
  }
  // The framework marks what the caller did to the request itself, such as a body that ended early.
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : null;
  if (typeof status !== 'number' || status < 400 || status > 499) return null;
  return new Problem(
    'invalid_body',
    'The body did not arrive as it was announced: its length is wrong, or it was cut.',
  );
}

function ofDatabase(error: unknown): Problem | null {
  if (!isAway(error)) return null;
  return new Problem(
    'governance_unavailable',
    'Governance cannot answer, because its database cannot be reached; nothing was done. Try again in two seconds.',
  );
}
