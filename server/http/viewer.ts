import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';

/** In the source tree the files stand in the console package, in a build beside the bundle. */
const in_sources = import.meta.url.endsWith('.ts');
const folder = fileURLToPath(new URL(in_sources ? '../../console/viewer' : './viewer', import.meta.url));

const types = {
  'index.html': 'text/html; charset=utf-8',
  'viewer.js': 'text/javascript; charset=utf-8',
  'viewer.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** Pages that links lead to: all answer with the same document, which reads the path. */
const pages = [
  '/',
  '/activity/live',
  '/activity/completed',
  '/policies',
  '/policies/:id',
  '/limits',
  '/incidents',
  '/incidents/:id',
  '/runs/:id',
  '/logs',
  '/d/:id',
  '/go/:id',
];

const secure = {
  'content-security-policy':
    "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** A small reader of records, so that every link in an answer opens something true. Needs no build. */
export function viewerRoutes(app: FastifyInstance): void {
  const files = Object.entries(types).map(([name, type]) => ({ name, type, body: readFileSync(`${folder}/${name}`) }));
  for (const { name, type, body } of files) {
    const paths = name === 'index.html' ? pages : [`/viewer/${name}`];
    for (const path of paths) app.get(path, async (_, reply) => reply.headers(secure).type(type).send(body));
  }
}
