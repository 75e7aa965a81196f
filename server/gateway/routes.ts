import { mayDo } from '@aos/core/access/permission.ts';
import type { Wire } from '@aos/core/activity/wires/define.ts';
import { wires } from '@aos/core/activity/wires/index.ts';
import { refuseLookalikes } from '@aos/core/activity/wires/lookalikes.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import { parseBody } from '@aos/core/base/json.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sha256Hex } from '../base/deps.ts';
import type { AskedCall } from '../govern/asked.ts';
import { governCall } from '../govern/call.ts';
import type { Govern } from '../govern/govern.ts';
import { Stopper } from '../govern/stopper.ts';
import type { IdentityAtEpoch, IdentityCache } from '../http/authenticate.ts';
import { idempotencyKeyIn } from '../http/idempotency.ts';
import { isBefore } from '../store/tenants.ts';
import { claimsOf } from './claims.ts';
import { guardRoute } from './guard.ts';
import { createDuplicates, type RefuseDuplicate } from './in-flight.ts';
import { modelsRoutes } from './models.ts';
import { replyWith } from './reply.ts';
import { tracesRoute } from './traces.ts';
import { whenClosed } from './when-closed.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who a call of the gateway comes from; known before its body is taken. */
    caller: IdentityAtEpoch | null;
  }
}

/** Paths of the gateway, with the wire each speaks. */
const routes: [path: string, wire: Wire][] = [
  ['/v1/chat/completions', wires.chat],
  ['/v1/responses', wires.responses],
  ['/v1/embeddings', wires.embeddings],
  ['/v1/messages', wires.messages],
  ['/anthropic/v1/messages', wires.messages],
];

export function gatewayRoutes(app: FastifyInstance, govern: Govern, identities: IdentityCache): void {
  // Who asks is known before a byte of the body is taken: strangers cannot fill the memory.
  const onRequest = async (request: FastifyRequest) => {
    request.caller = await caller(identities, request);
  };
  app.decorateRequest('caller', null);
  const refuseDuplicate = createDuplicates(govern);
  for (const [path, wire] of routes) {
    app.post(path, { onRequest }, (request, reply) =>
      answer(govern, { identities, refuseDuplicate, wire }, request, reply),
    );
  }
  guardRoute(app, govern, {
    of: (request) => caller(identities, request),
    at: (request, control_epoch) => caller(identities, request, control_epoch),
  });
  tracesRoute(app, govern, onRequest);
  modelsRoutes(app, govern, (request) => caller(identities, request));
}

/** Governs a call and answers it; its key is taken until all is settled, whether its caller stays or leaves. */
async function answer(
  govern: Govern,
  { identities, refuseDuplicate, wire }: { identities: IdentityCache; refuseDuplicate: RefuseDuplicate; wire: Wire },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const begun_ms = govern.clock.monotonic();
  const key = idempotencyKeyIn(request.headers['idempotency-key']);
  const freeKey = key === null ? null : await refuseDuplicate(present(request.caller, 'who calls'), key);
  try {
    const asked = ask(govern, identities, wire, request, reply, begun_ms);
    return await replyWith(reply, wire, await governCall(govern, asked), govern.config.caller_idle_ms);
  } finally {
    freeKey?.();
  }
}

/** Reads a call to the point where governance can take it over. */
function ask(
  govern: Govern,
  identities: IdentityCache,
  wire: Wire,
  request: FastifyRequest,
  reply: FastifyReply,
  begun_ms: number,
): AskedCall {
  const identity = present(request.caller, 'who calls');
  const claims = claimsOf(request.headers);
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
  const json = parseBody(body);
  refuseLookalikes(json);
  const read = wire.readRequest(json);
  return {
    identity,
    identityAt: (control_epoch) =>
      isBefore(identity.control_epoch, control_epoch) ? caller(identities, request, control_epoch) : identity,
    claims,
    wire,
    request: read,
    prompt_hash: sha256Hex(body),
    body,
    json,
    query: request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '',
    headers: request.headers,
    request_id: request.id,
    new_run_id: govern.makeId('run'),
    begun_ms,
    gone: leaving(reply),
  };
}

function leaving(reply: FastifyReply): Stopper {
  const gone = new Stopper();
  whenClosed(reply.raw, () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone;
}

/** With an epoch: as of when control stood there, or later. */
async function caller(identities: IdentityCache, request: FastifyRequest, control_epoch?: string) {
  const identity = await identities.get(request.headers, request.ip, control_epoch);
  if (mayDo(identity.role, 'call')) return identity;
  throw new Problem(
    'forbidden',
    `A key with the role "${identity.role}" may not call models; use one with the role "service".`,
  );
}
