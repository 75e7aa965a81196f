import type { Socket } from 'node:net';
import type { Permission } from '@aos/core/access/permission.ts';
import { assert } from '@aos/core/base/assert.ts';
import { Problem, problemBody } from '@aos/core/base/error.ts';
import { type FastifyError, type FastifyInstance, fastify } from 'fastify';
import { type Deps, randomName } from '../base/deps.ts';
import { isPageRequest } from './console.ts';
import { lastUsedOf } from './last-used.ts';
import { answerProblem } from './problem.ts';
import {
  hasOurs,
  refuseAmbiguousPath,
  refuseOtherMediaTypes,
  refuseRepeatedHeaders,
  refuseUnknownHeaders,
} from './request-form.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller needs; below `/api/` a route without it is refused at start. */
    permission?: Permission | 'public';
    /** The body is no JSON and is passed on as it is. */
    any_media_type?: boolean;
  }
}

/** How long a client may take to send its headers, and to send a whole request. */
const headers_timeout_ms = 15_000;
const request_timeout_ms = 60_000;
/** Longer than the usual 60 s of load balancers, so that it is they who close idle connections. */
const keep_alive_timeout_ms = 120_000;

const makeRequestId = (): string => `req_${randomName()}`;

/**
 * The HTTP server without its routes. What every request goes through: a request id, a form that cannot be taken for
 * another, a body as raw bytes (`request.body` is a Buffer, or undefined), errors in one form, counting.
 */
export function createApp(deps: Deps): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: deps.config.body_limit_bytes,
    keepAliveTimeout: keep_alive_timeout_ms,
    requestTimeout: request_timeout_ms,
    // Calls of models are silent for minutes: the deadlines of upstreams end them, not the socket's.
    connectionTimeout: 0,
    // Requests that come while the server closes are answered like any other; new connections are not taken.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: makeRequestId,
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: 512,
    },
    http: { headersTimeout: headers_timeout_ms, connectionsCheckingInterval: 5_000 },
    frameworkErrors: (error, request, reply) => {
      reply.headers({ 'x-request-id': request.id, 'request-id': request.id });
      answerProblem(error, request, reply);
    },
    clientErrorHandler: answerBrokenRequest,
  });
  app.decorate('failures', deps.log);
  app.removeAllContentTypeParsers();
  // The usual type by its name too: for `*` alone the parser is looked for anew with every request.
  app.addContentTypeParser(['application/json', '*'], { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.setErrorHandler((error, request, reply) => answerProblem(error, request, reply));
  const methods = refuseOpenRoutes(app);
  const has_pages = deps.config.roles.includes('api');
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({ 'x-request-id': request.id, 'request-id': request.id });
    refuseAmbiguousPath(request.url);
    if (hasOurs(request.headers)) {
      refuseUnknownHeaders(request.headers, request.url);
      refuseRepeatedHeaders(request.raw.rawHeaders);
    }
    if (request.is404) {
      if (has_pages && isPageRequest(request)) done();
      else answerMissing(methods, request.method, request.url, reply);
      return;
    }
    done();
  });
  // Between who asks, which hooks of the route say, and the body: a stranger learns first that they are one.
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const { any_media_type = false } = request.routeOptions.config;
    if (!any_media_type && !request.is404) refuseOtherMediaTypes(request.headers, request.url.startsWith('/api/'));
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    deps.metrics.http_requests.inc({ route, status: reply.statusCode });
    done();
  });
  app.addHook('onClose', () => lastUsedOf(deps).flush());
  return app;
}

/** Knows the methods of every path; a route of the control plane that does not say who may call it stops the start. */
function refuseOpenRoutes(app: FastifyInstance): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method, config }) => {
    const is_declared = config?.permission !== undefined || !url.startsWith('/api/');
    assert(is_declared, `the route ${method} ${url} does not declare the permission it needs`);
    const known = methods.get(url) ?? new Set();
    methods.set(url, known);
    for (const name of [method].flat()) known.add(name);
  });
  return methods;
}

/** `OPTIONS` of a path that exists tells its methods; everything else that no route takes is not there. */
function answerMissing(
  methods: Map<string, Set<string>>,
  method: string,
  url: string,
  reply: { header(name: string, value: string): unknown; code(status: number): { send(): unknown } },
): unknown {
  const [path = ''] = url.split('?');
  const here = [...methods].filter(([pattern]) => matches(pattern, path)).flatMap(([, names]) => [...names]);
  const allowed = [...new Set([...here, 'OPTIONS'])].sort().join(', ');
  if (here.length === 0) {
    throw new Problem('not_found', `There is nothing at this path: ${method} ${path.slice(0, 200)}.`);
  }
  reply.header('allow', allowed);
  if (method === 'OPTIONS') return reply.code(204).send();
  throw new Problem('not_found', `This path does not take ${method}. It takes ${allowed}.`);
}

function matches(pattern: string, path: string): boolean {
  const parts = pattern.split('/');
  const given = path.split('/');
  if (parts.at(-1) === '*') return parts.slice(0, -1).every((part, at) => part.startsWith(':') || part === given[at]);
  return parts.length === given.length && parts.every((part, at) => part.startsWith(':') || part === given[at]);
}

/** What is not even HTTP gets a whole answer too. */
function answerBrokenRequest(error: FastifyError | Error, socket: Socket): void {
  const code = 'code' in error ? error.code : '';
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, what] =
    code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'The request did not arrive in time.']
      : code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'The headers are larger than 16 KB.']
        : ['400 Bad Request', 'The request is not valid HTTP.'];
  const body = JSON.stringify(problemBody(new Problem('invalid_header', what)));
  const id = makeRequestId();
  const head = [
    'content-type: application/json; charset=utf-8',
    `content-length: ${body.length}`,
    `x-request-id: ${id}`,
    `request-id: ${id}`,
    'connection: close',
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${head.join('\r\n')}\r\n\r\n${body}`);
}
