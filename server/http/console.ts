import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomSecret, sha256Hex } from '../base/deps.ts';

/** The build of the console stands beside the build of the server; the sources use the same one. */
const in_sources = import.meta.url.endsWith('.ts');
const folder = fileURLToPath(new URL(in_sources ? '../../dist/console' : '../console', import.meta.url));

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** Below this path names hold a hash of the content, so what was once loaded is never asked for again. */
const hashed = '/assets/';
const nonce_mark = '__NONCE__';

const not_built = `<!doctype html><html lang="en"><meta charset="utf-8"><title>AOS: not built</title>
<h1>The console is not built</h1><p>Run <code>npm run build</code> and start again. The API works without it.</p></html>`;

/** Whether a page of the console is asked for: a person went there, not a program. */
export function isPageRequest({ method, url, headers }: FastifyRequest): boolean {
  const is_api = /^\/(api|v1|anthropic|mcp)(\/|$)/.test(url) || url.startsWith(hashed);
  return (method === 'GET' || method === 'HEAD') && !is_api && (headers.accept ?? '').includes('text/html');
}

/**
 * The files of the console, and for every other path that a browser opens its one document: which pages there are is
 * the console's own business, and an unknown one says so itself.
 */
export function consoleRoutes(app: FastifyInstance): void {
  const document = existsSync(join(folder, 'index.html'))
    ? readFileSync(join(folder, 'index.html'), 'utf8')
    : not_built;
  for (const name of document === not_built ? [] : filesIn('')) fileRoute(app, name);
  const page = async (_: FastifyRequest, reply: FastifyReply) => sendPage(reply, document);
  app.get('/', page);
  app.setNotFoundHandler(page);
}

function filesIn(below: string): string[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = `${below}/${name}`;
    return statSync(join(folder, path)).isDirectory() ? filesIn(path) : [path];
  });
}

function fileRoute(app: FastifyInstance, path: string): void {
  const type = types[extname(path)];
  if (type === undefined) return;
  const body = readFileSync(join(folder, path));
  const etag = `"${sha256Hex(body).slice(0, 32)}"`;
  const kept = path.startsWith(hashed) ? 'public, max-age=31536000, immutable' : 'no-cache';
  app.get(path, async (request, reply) => {
    reply.headers({ etag, 'cache-control': kept, 'x-content-type-options': 'nosniff' });
    return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.type(type).send(body);
  });
}

/** The nonce is for the styles that the kit of dialogs and menus makes while they are open. */
function sendPage(reply: FastifyReply, document: string): FastifyReply {
  const nonce = randomSecret(16).toString('base64');
  const policy = [
    "default-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ];
  reply.headers({
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
  });
  return reply.code(200).type('text/html; charset=utf-8').send(document.replaceAll(nonce_mark, nonce));
}
