import { createHash } from 'node:crypto';
import type { Endpoint } from '@aos/core/api/endpoint.ts';
import { openapiDocument } from '@aos/core/api/openapi.ts';
import { policy_schema_path, policyJsonSchema } from '@aos/core/policies/file.ts';
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

/**
 * `/openapi.json` for programs, `/docs` for people and `/schema/policy.json` for editors, all without a key. Each is made
 * when it is first asked for, since most processes are never asked, and stays the same.
 */
export function docsRoutes(app: FastifyInstance, endpoints: Readonly<Record<string, Endpoint>>): void {
  const document = once(() => openapiDocument(endpoints, version));
  const json = once(() => fixed(JSON.stringify(document()), 'application/json; charset=utf-8'));
  const page = once(() => fixed(docsPage(document()), 'text/html; charset=utf-8'));
  const schema = once(() =>
    fixed(JSON.stringify(policyJsonSchema(policy_schema_path)), 'application/schema+json; charset=utf-8'),
  );
  app.get(policy_schema_path, async (request, reply) => send(request, reply, schema()));
  app.get('/openapi.json', async (request, reply) => send(request, reply, json()));
  app.get('/docs', async (request, reply) =>
    send(
      request,
      reply.header('content-security-policy', security_policy).header('referrer-policy', 'no-referrer'),
      page(),
    ),
  );
}

function once<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
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
