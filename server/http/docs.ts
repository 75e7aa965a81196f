import { createHash } from 'node:crypto';
import type { Endpoint } from '@aos/core/api/endpoint.ts';
import { openapiDocument } from '@aos/core/api/openapi.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sha256Hex } from '../base/deps.ts';
import { version } from '../base/version.ts';
import { docsPage } from './docs-page.ts';
import { style } from './docs-style.ts';

/** Nothing is loaded and nothing runs: the one style is in the page and known by its hash. */
const security_policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `/openapi.json` for programs and `/docs` for people, both without a key. They are made once and stay the same. */
export function docsRoutes(app: FastifyInstance, endpoints: Readonly<Record<string, Endpoint>>): void {
  const document = openapiDocument(endpoints, version);
  const json = fixed(JSON.stringify(document), 'application/json; charset=utf-8');
  const page = fixed(docsPage(document), 'text/html; charset=utf-8');
  app.get('/openapi.json', async (request, reply) => send(request, reply, json));
  app.get('/docs', async (request, reply) =>
    send(
      request,
      reply.header('content-security-policy', security_policy).header('referrer-policy', 'no-referrer'),
      page,
    ),
  );
}

interface Fixed {
  body: string;
  type: string;
  etag: string;
}

const fixed = (body: string, type: string): Fixed => ({ body, type, etag: `"${sha256Hex(body).slice(0, 32)}"` });

function send(request: FastifyRequest, reply: FastifyReply, { body, type, etag }: Fixed): FastifyReply {
  reply.header('etag', etag).header('cache-control', 'no-cache').header('x-content-type-options', 'nosniff');
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.type(type).send(body);
}
