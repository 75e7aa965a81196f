import type { Identity } from '@aos/core/access/identity.ts';
import type { Endpoint } from '@aos/core/api/endpoint.ts';
import { assert, BrokenInvariant } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../base/deps.ts';
import { authenticate, requirePermission } from './authenticate.ts';
import { eventStreams, type StreamHandler } from './event-streams.ts';
import type { Context, Handlers } from './handler.ts';
import { idempotencyKeyIn, onlyOnce, requestHash } from './idempotency.ts';
import { readInput } from './read-input.ts';

/**
 * Whoever calls a public endpoint without a live key. It belongs to no tenant, so reading or writing anything of a
 * tenant with it fails.
 */
export const nobody: Identity = {
  tenant_id: '',
  project_id: null,
  api_key: { id: '', lineage_id: '' },
  role: 'viewer',
  agent_ids: [],
  actor_ids: [],
  of_installation: false,
};

const not_a_stream = { last_event_id: null, gone: new AbortController().signal };

type AnyHandler = (input: unknown, context: Context) => Promise<unknown>;

/**
 * Makes a route of every endpoint: who asks and whether they may is known before a byte of the body is read; then the
 * request is parsed, the handler asked, and its answer parsed too, so that nothing the contract does not name goes out.
 */
export function bindEndpoints<All extends Record<string, Endpoint>>(
  app: FastifyInstance,
  deps: Deps,
  endpoints: All,
  handlers: Handlers<All>,
): void {
  const identities = new WeakMap<FastifyRequest, Identity>();
  const streams = eventStreams(app);
  for (const [name, endpoint] of Object.entries<Endpoint>(endpoints)) {
    const handler = handlers[name as keyof All] as AnyHandler | undefined;
    assert(handler, `the endpoint ${name} has no handler`);
    app.route({
      method: endpoint.method,
      url: endpoint.path,
      config: { permission: endpoint.permission },
      onRequest: async (request) => {
        identities.set(request, await callerOf(deps, endpoint, request));
      },
      handler: async (request, reply) => {
        const identity = identities.get(request);
        assert(identity, 'a request reaches its handler after authentication');
        const { id: request_id, headers, ip: address } = request;
        const setHeader = (name: string, value: string) => void reply.header(name, value);
        const context = { deps, identity, request_id, headers, address, setHeader, ...not_a_stream };
        if (!endpoint.events) return answer(endpoint, handler, request, reply, context);
        return streams.answer(endpoint, handler as StreamHandler, request, reply, context);
      },
    });
  }
}

async function callerOf(deps: Deps, endpoint: Endpoint, { headers, ip }: FastifyRequest): Promise<Identity> {
  if (endpoint.permission !== 'public') {
    const identity = await authenticate(deps, headers, ip);
    requirePermission(identity, endpoint.permission, `${endpoint.method} ${endpoint.path}`);
    return identity;
  }
  try {
    return await authenticate(deps, headers, ip);
  } catch (error) {
    if (error instanceof Problem && error.code === 'unauthenticated') return nobody;
    throw error;
  }
}

async function answer(
  endpoint: Endpoint,
  handler: AnyHandler,
  request: FastifyRequest,
  reply: FastifyReply,
  context: Context,
): Promise<FastifyReply> {
  const { deps, identity } = context;
  const key = endpoint.method === 'POST' ? idempotencyKeyIn(request.headers['idempotency-key']) : null;
  const input = readInput(endpoint, request);
  const work = async () => {
    const body = shaped(endpoint, await handler(input, context));
    return { status: endpoint.goesOn?.(body) ? 202 : endpoint.status, body };
  };
  reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  if (key === null || identity === nobody) {
    const { status, body } = await work();
    return reply.code(status).send(body);
  }
  const request_hash = requestHash(request.method, request.url, request.body);
  const { status, body, replayed } = await onlyOnce(deps, { identity, key, request_hash }, work);
  if (replayed) reply.header('idempotent-replayed', 'true');
  return reply.code(status).send(body);
}

/** A handler that breaks the contract is our mistake, never the caller's. */
function shaped(endpoint: Endpoint, answered: unknown): unknown {
  const { success, data, error } = endpoint.answer.safeParse(answered);
  if (success) return data;
  const places = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new BrokenInvariant(
    `the answer of ${endpoint.method} ${endpoint.path} breaks the contract: ${places.join('; ')}`,
  );
}
