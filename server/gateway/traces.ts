import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Govern } from '../govern/govern.ts';
import { projectOf } from '../govern/who.ts';
import { asProblem, problemHeaders } from '../http/problem.ts';
import { answerBody, type Encoding, media_types, refusalBody } from '../otlp/answer.ts';
import { readJson } from '../otlp/read-json.ts';
import { readProtobuf } from '../otlp/read-protobuf.ts';
import { claimsOf } from './claims.ts';
import { reportSpans } from './report.ts';

/** Batches that are read and written at a time; more are asked to come again, since reporters keep what they have. */
const batches_max = 8;

/**
 * `POST /v1/traces`: OTLP over HTTP, for agents that go to their providers themselves and tell afterwards. Answers and
 * refusals are messages of OTLP, in the encoding of the request.
 */
export function tracesRoute(
  app: FastifyInstance,
  govern: Govern,
  onRequest: (request: FastifyRequest) => Promise<void>,
): void {
  let at_work = 0;
  app.post(
    '/v1/traces',
    {
      config: { any_media_type: true },
      onRequest: async (request) => {
        await onRequest(request);
        encodingOf(request);
        if (at_work >= batches_max)
          throw new Problem('rate_limit_exceeded', 'Too many batches of spans at a time. Send this one again.', {
            retry_after_s: 1,
          });
      },
      errorHandler: (error, request, reply) => {
        const problem = asProblem(error, request);
        const encoding = protobuf_type.test(request.headers['content-type'] ?? '') ? 'protobuf' : 'json';
        if (problem.code === 'too_large') reply.removeHeader('connection');
        return reply
          .code(problem.status)
          .headers(problemHeaders(problem))
          .type(media_types[encoding])
          .send(refusalBody(encoding, problem));
      },
    },
    async (request, reply) => {
      at_work += 1;
      try {
        const identity = present(request.caller, 'who reports');
        const encoding = encodingOf(request);
        const body = await plain(request, govern.config.body_limit_bytes);
        const spans = encoding === 'json' ? readJson(body) : readProtobuf(body);
        const project = projectOf(await govern.controls.of(identity.tenant_id), {
          identity,
          claims: claimsOf(request.headers),
        });
        const rejected = await reportSpans(govern, identity, project, spans);
        const told = rejected.spans === 0 ? null : { spans: rejected.spans, message: `span ${rejected.first}` };
        return reply.type(media_types[encoding]).send(answerBody(encoding, told));
      } finally {
        at_work -= 1;
      }
    },
  );
}

const protobuf_type = /^application\/(?:x-)?protobuf\s*(?:;|$)/i;
const json_type = /^application\/json\s*(?:;|$)/i;

function encodingOf({ headers }: FastifyRequest): Encoding {
  const type = headers['content-type'] ?? '';
  if (protobuf_type.test(type)) return 'protobuf';
  if (json_type.test(type)) return 'json';
  throw new Problem(
    'unsupported_media_type',
    `The content-type "${type.slice(0, 80)}" is not read here: send application/x-protobuf or application/json.`,
  );
}

const unzip = promisify(gunzip);

/** The body as it was before it was compressed. */
async function plain({ headers, body }: FastifyRequest, most_bytes: number): Promise<Buffer> {
  const bytes = (body as Buffer | undefined) ?? Buffer.alloc(0);
  const coded = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (coded === 'identity') return bytes;
  if (coded !== 'gzip')
    throw new Problem(
      'unsupported_media_type',
      `The content-encoding "${coded.slice(0, 40)}" is not read here: send gzip, or the body as it is.`,
    );
  try {
    return await unzip(bytes, { maxOutputLength: most_bytes });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Problem(
        'too_large',
        `The body is larger than ${most_bytes} bytes when unpacked. Send smaller batches.`,
      );
    throw new Problem('invalid_body', 'The body says that it is gzip, and cannot be unpacked.');
  }
}
