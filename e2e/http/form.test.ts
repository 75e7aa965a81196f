import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api } from '../parts/client.ts';
import { startApp, type TestApp } from './app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startApp(
    (routes) => {
      routes.post('/v1/echo', async (request) => ({
        raw: Buffer.isBuffer(request.body) ? request.body.toString('base64') : null,
      }));
      routes.post('/v1/messages', async () => {
        throw new Error('postgres://aos:hunter2@db failed');
      });
    },
    { AOS_BODY_LIMIT_BYTES: '4096' },
  );
});
afterAll(() => app.close());

interface ErrorBody {
  error: { message: string; type: string; code: string; param: null };
}

async function send(
  method: string,
  path: string,
  init: { headers?: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> } = {},
) {
  const answer = await fetch(`${app.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${app.admin_key}`, ...init.headers },
    ...(init.body !== undefined && { body: init.body }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: (text ? JSON.parse(text) : null) as ErrorBody };
}

/** One request as bytes, for what `fetch` would not send; the server closes the connection. */
function sendRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(app.url);
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (part) => {
      answer += part;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

const json = { 'content-type': 'application/json' };

describe('every answer', () => {
  test('has a request id of its own, under both names', async () => {
    const answers = await Promise.all(
      ['/api/v1/session', '/api/v1/nothing', '/api/v1//x'].map((path) => send('GET', path)),
    );
    const ids = answers.map(({ headers }) => headers.get('x-request-id'));
    expect(answers.map(({ headers }) => headers.get('request-id'))).toEqual(ids);
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => id?.startsWith('req_'))).toBe(true);
    expect(answers.every(({ headers }) => headers.get('x-powered-by') === null && headers.get('server') === null)).toBe(
      true,
    );
  });

  test('of an unexpected error tells the request id only; the log tells the rest, without secrets', async () => {
    const answer = await send('POST', '/v1/messages', { headers: json, body: '{}' });
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({ type: 'error', error: { code: 'internal', type: 'api_error' } });
    expect(answer.text).toContain(answer.headers.get('x-request-id'));
    expect(answer.text).not.toContain('postgres');
    const line = app.deps.logged.find((text) => text.includes(answer.headers.get('x-request-id') ?? ''));
    expect(line).toContain('failed');
    expect(line).not.toContain('hunter2');
  });
});

describe('a path', () => {
  test('that can be read in two ways names nothing', async () => {
    for (const path of [
      '/api//v1/projects',
      '//api/v1/projects',
      '/api/v1/projects;x=1',
      '/api/v1/projects/..%2fagents',
      '/api/v1/projects%2f',
      '/api/v1/projects/%5cx',
      '/api/v1/projects/x%00',
      '/api/v1/projects/%2e%2e',
      '/api/v1/projects/',
      '/API/v1/projects',
      '/api/v1/projects/%',
      '/api/v1/projects/%ff',
    ]) {
      const answer = await sendRaw(
        `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${app.admin_key}\r\n\r\n`,
      );
      expect(`${path} ${answer.split('\r\n')[0]}`).toBe(`${path} HTTP/1.1 404 Not Found`);
      expect(answer).toContain('"code":"not_found"');
    }
    const absolute = await sendRaw(`GET http://evil/api/v1/projects HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(absolute).toContain('404 Not Found');
  });

  test('that nobody serves is answered in the common form, before its body is read', async () => {
    const answer = await send('POST', '/api/v1/nothing', { headers: json, body: 'x'.repeat(100_000) });
    expect(answer.status).toBe(404);
    expect(answer.body.error).toMatchObject({ code: 'not_found', type: 'invalid_request_error', param: null });
  });

  test('tells its methods to OPTIONS, and to whoever tries another', async () => {
    const options = await send('OPTIONS', '/api/v1/projects/prj_1');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS, PUT']);
    const patch = await send('PATCH', '/api/v1/projects/prj_1', { headers: json, body: '{}' });
    expect([patch.status, patch.headers.get('allow')]).toEqual([404, 'GET, HEAD, OPTIONS, PUT']);
    expect((await send('OPTIONS', '/nowhere')).status).toBe(404);
  });

  test('answers HEAD as GET without its body', async () => {
    const head = await send('HEAD', '/api/v1/projects');
    expect([head.status, head.text]).toEqual([200, '']);
  });
});

describe('a header', () => {
  test('with our prefix that is not known is refused, with what was meant', async () => {
    const answer = await send('GET', '/api/v1/session', { headers: { 'x-aos-agentid': 'a' } });
    expect(answer.status).toBe(400);
    expect(answer.body.error.code).toBe('invalid_header');
    expect(answer.body.error.message).toContain('Did you mean x-aos-agent-id?');
    expect((await send('GET', '/nowhere', { headers: { 'x-aos-budget': '1' } })).status).toBe(400);
  });

  test('with our prefix that comes twice is refused: it would be read as a name that nobody sent', async () => {
    const twice = (name: string, path = '/v1/echo') =>
      sendRaw(
        `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${app.admin_key}\r\n` +
          `${name}: a=1\r\n${name.toUpperCase()}: b=2\r\n\r\n`,
      );
    for (const name of ['agent-id', 'actor-id', 'session-id', 'run-id', 'project', 'tags', 'meta-ticket']) {
      const answer = await twice(`x-aos-${name}`);
      expect(`${name} ${answer.split('\r\n')[0]}`).toBe(`${name} HTTP/1.1 400 Bad Request`);
      expect(answer).toContain('"code":"invalid_header"');
      expect(answer).toContain(`The header x-aos-${name} comes more than once. Send it once.`);
    }
    expect(await twice('accept', '/api/v1/session')).toContain('200 OK');
  });

  test('with our prefix that is known passes with a call, with any tag of the caller', async () => {
    const headers = { 'x-aos-agent-id': 'a', 'x-aos-meta-ticket': '1', 'x-aos-dry-run': '1', 'x-aos-step-id': 'x' };
    expect((await send('POST', '/v1/echo', { headers: { ...json, ...headers }, body: '{}' })).status).toBe(200);
  });

  test.each([
    ['/api/v1/session', 'x-aos-dry-run'],
    ['/api/v1/session', 'x-aos-project'],
    ['/api/v1/session', 'x-aos-meta-ticket'],
    ['/health', 'x-aos-agent-id'],
    ['/v1/traces', 'x-aos-dry-run'],
  ])('of calls is refused where it would do nothing: GET %s, %s', async (path, name) => {
    const { status, body } = await send('GET', path, { headers: { [name]: '1' } });
    expect([status, body.error.code]).toEqual([400, 'invalid_header']);
    expect(body.error.message).toContain(`${name} is for calls of models: it would do nothing here.`);
    const kept = await send('GET', path, { headers: { 'x-aos-key': 'a key', authorization: '' } });
    expect(kept.text).not.toContain('would do nothing');
  });
});

describe('a body', () => {
  const projects = '/api/v1/projects';

  test('of the control plane must say that it is JSON', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
      'nonsense',
      '',
    ]) {
      const body = new TextEncoder().encode('{"slug":"a"}');
      const answer = await send('POST', projects, { headers: type === '' ? {} : { 'content-type': type }, body });
      expect([type, answer.status, answer.body.error.code]).toEqual([type, 415, 'unsupported_media_type']);
    }
    const packed = await send('POST', projects, { headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' });
    expect(packed.status).toBe(415);
    const stranger = { 'content-type': 'text/plain', authorization: 'Bearer aos_live_nobody' };
    expect((await send('POST', projects, { headers: stranger, body: '{}' })).status).toBe(401);
  });

  test('that cannot be read is refused with the reason', async () => {
    const wrong: [string | Uint8Array<ArrayBuffer>, RegExp][] = [
      ['{"slug": }', /not valid JSON.*line 1, column 10/],
      ['[1]', /not an object/],
      ['"x"', /not an object/],
      ['{"slug":"a","slug":"b"}', /two members named "slug"/],
      ['{"slug":"a","__proto__":"b"}', /a member is named "__proto__"/],
      [new Uint8Array([0x7b, 0xff, 0x7d]), /not valid UTF-8/],
      ['{"slug":"a","name":"x\\u0000y"}', /NUL/],
      ['{"slug":"a","name":"\\ud800"}', /surrogate/],
      ['{"slug":"a","naem":"x"}', /"naem" is not known here \(did you mean "name"\?\)/],
      ['{"slug":"a b"}', /slug must have 1 to 128 letters/],
      ['{"slug":"a","default_output_bound":"many"}', /default_output_bound must be a (whole )?number/],
      ['', /slug is missing/],
    ];
    for (const [body, reason] of wrong) {
      const answer = await send('POST', projects, { headers: json, body });
      expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_body']);
      expect(answer.body.error.message).toMatch(reason);
    }
  });

  test('that is too large is refused, announced or not', async () => {
    const body = JSON.stringify({ slug: 'a', name: 'x'.repeat(8192) });
    const answer = await send('POST', projects, { headers: json, body });
    expect([answer.status, answer.body.error.code]).toEqual([413, 'too_large']);
    const chunked = await sendRaw(
      `POST ${projects} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${app.admin_key}\r\ncontent-type: application/json\r\n` +
        `transfer-encoding: chunked\r\n\r\n2000\r\n${'x'.repeat(0x2000)}\r\n0\r\n\r\n`,
    );
    expect(chunked).toContain('413 Payload Too Large');
  });

  test('of the gateway arrives as the bytes that were sent, with or without a type', async () => {
    const body = new TextEncoder().encode('{"big": 12345678901234567890, "a": 1.0}');
    for (const headers of [json, {}, { 'content-type': 'application/vnd.api+json; charset=utf-8' }]) {
      const answer = await send('POST', '/v1/echo', { headers, body });
      expect(Buffer.from((answer.body as unknown as { raw: string }).raw, 'base64').equals(body)).toBe(true);
    }
    expect((await send('POST', '/v1/echo', { headers: { 'content-type': 'text/csv' }, body: 'a' })).status).toBe(415);
  });
});

describe('a query', () => {
  test('with a parameter that is not known is refused, with what was meant', async () => {
    const answer = await send('GET', '/api/v1/projects?limt=5');
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_query']);
    expect(answer.body.error.message).toContain('did you mean "limit"?');
  });

  test('with a wrong value is refused', async () => {
    for (const query of [
      'limit=0',
      'limit=201',
      'limit=x',
      'limit=1&limit=2',
      'cursor=nonsense',
      'limit=%00',
      '__proto__=1',
    ]) {
      const answer = await send('GET', `/api/v1/projects?${query}`);
      expect([query, answer.status, answer.body.error.code]).toEqual([query, 400, 'invalid_query']);
    }
  });
});

test('what is not HTTP gets a whole answer', async () => {
  for (const text of [
    'nonsense\r\n\r\n',
    `GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    'GET / HTTP/1.1\r\n\r\n',
  ]) {
    const answer = await sendRaw(text);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  }
  expect(await sendRaw('nonsense\r\n\r\n')).toContain('"code":"invalid_header"');
});

test('a route of the control plane without a permission stops the start', async () => {
  await expect(startApp((routes) => void routes.get('/api/v1/open', async () => ({})))).rejects.toThrow(
    /GET \/api\/v1\/open does not declare the permission/,
  );
});

test('what it answers is counted by route, never by path', async () => {
  await api(app).get('/api/v1/projects/anything-a-caller-made-up');
  const text = await app.deps.metrics.registry.getSingleMetricAsString('aos_http_requests_total');
  expect(text).toContain('aos_http_requests_total{route="/api/v1/projects/:id",status="404"}');
  expect(text).not.toContain('made-up');
});
