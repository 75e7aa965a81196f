import type { Endpoint } from '@aos/core/api/endpoint.ts';
import { documented_endpoints } from '@aos/core/api/index.ts';
import { isObject, type Json, type JsonObject } from '@aos/core/base/json.ts';
import { docsRoutes } from '@aos/server/http/docs.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, expectStatus } from '../parts/client.ts';
import { startApp, type TestApp } from './app.ts';

let app: TestApp;
let document: JsonObject;
let page: { text: string; headers: Headers };
beforeAll(async () => {
  app = await startApp((on) => docsRoutes(on, documented_endpoints));
  document = expectStatus(200, await api(app, null).get('/openapi.json'));
  page = await api(app, null).get('/docs');
});
afterAll(() => app?.close());

const at = (value: Json | undefined, ...path: string[]): Json | undefined =>
  path.reduce<Json | undefined>((found, name) => (isObject(found) ? found[name] : undefined), value);

/** Every value in the document, with the name of the member it stands in. */
function* valuesOf(value: Json, name = ''): Generator<[string, Json]> {
  yield [name, value];
  const parts = Array.isArray(value)
    ? value.map((part) => ['', part] as const)
    : isObject(value)
      ? Object.entries(value)
      : [];
  for (const [inner, part] of parts) yield* valuesOf(part, inner);
}

describe('the OpenAPI document', () => {
  test('has every endpoint with its permission, its parameters and its answer', () => {
    for (const [name, { method, path, permission, status, events }] of Object.entries<Endpoint>(documented_endpoints)) {
      const operation = at(document, 'paths', path.replace(/:(\w+)/g, '{$1}'), method.toLowerCase());
      expect([name, at(operation, 'operationId'), at(operation, 'x-permission')]).toEqual([name, name, permission]);
      const type = events ? 'text/event-stream' : 'application/json';
      const schema = at(operation, 'responses', String(status), 'content', type, 'schema');
      expect([name, schema]).not.toEqual([name, undefined]);
      const placed = JSON.stringify(at(operation, 'parameters') ?? []);
      for (const [, parameter] of path.matchAll(/:(\w+)/g))
        expect(placed).toContain(`"name":"${parameter}","in":"path","required":true`);
    }
  });

  test('has no reference that leads nowhere and no operation id twice', () => {
    const references = [...valuesOf(document)].flatMap(([name, value]) => (name === '$ref' ? [String(value)] : []));
    expect(references.length).toBeGreaterThan(100);
    for (const reference of references)
      expect([reference, at(document, ...reference.split('/').slice(1)) !== undefined]).toEqual([reference, true]);
    const ids = [...valuesOf(document)].flatMap(([name, value]) => (name === 'operationId' ? [value] : []));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has the paths of the gateway, which a server with that role takes', () => {
    const paths = Object.keys(at(document, 'paths') ?? {}).filter((path) => !path.startsWith('/api/'));
    expect(paths.sort()).toEqual([
      '/anthropic/v1/messages',
      '/anthropic/v1/models',
      '/anthropic/v1/models/{id}',
      '/health',
      '/metrics',
      '/ready',
      '/v1/chat/completions',
      '/v1/embeddings',
      '/v1/guard/check',
      '/v1/messages',
      '/v1/models',
      '/v1/models/{id}',
      '/v1/responses',
      '/v1/traces',
    ]);
  });

  test('leaves nothing of how it was made', () => {
    const names = new Set([...valuesOf(document)].map(([name]) => name));
    for (const name of ['$schema', '$defs', '~standard']) expect([name, names.has(name)]).toEqual([name, false]);
  });

  test('describes what is really answered', async () => {
    const answer = expectStatus(200, await api(app).get<JsonObject>('/api/v1/runs'));
    const required = at(document, 'components', 'schemas', 'RunPage', 'required');
    expect(Object.keys(answer).sort()).toEqual([...(required as string[])].sort());
    const refused = await api(app).get<{ error: { code: string } }>('/api/v1/runs?nonsense=1');
    expect(at(document, 'components', 'responses', '400', 'description')).toContain(refused.body.error.code);
  });
});

describe('the page for people', () => {
  test('needs no key, shows every operation, and runs and loads nothing', () => {
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    for (const { path } of Object.values<Endpoint>(documented_endpoints))
      expect(page.text).toContain(path.replace(/:(\w+)/g, '{$1}'));
    expect(page.text).not.toMatch(/<script|javascript:|\son\w+=|<link|<img|@import|url\(|(?:src|href)="(?![#/])/i);
    const anchors = [...page.text.matchAll(/href="#([^"]+)"/g)].map(([, name]) => name);
    expect(anchors.length).toBeGreaterThan(50);
    for (const name of anchors) expect(page.text).toContain(`id="${name}"`);
  });

  test('is not sent again to who has it', async () => {
    const etag = page.headers.get('etag') ?? '';
    const again = await api(app, null).get('/docs', { headers: { 'if-none-match': etag } });
    expect([again.status, again.text]).toEqual([304, '']);
  });
});
