import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectStatus, makeKey } from '../parts/client.ts';
import { type WireName, wire_names, wires } from '../parts/gateway.ts';
import { counts, dribbling, gateway, good, names, opened, refused, send, withGateway } from './bad-input-parts.ts';

withGateway();

describe('is refused clearly and leaves nothing behind', () => {
  let before: object[];
  let reached: number;
  beforeAll(async () => {
    before = await counts();
    reached = gateway.stub.log.length;
  });
  afterEach(async () => {
    expect((await fetch(`${gateway.server.url}/health`)).status).toBe(200);
    expect(await counts()).toEqual(before);
    expect(gateway.stub.log).toHaveLength(reached);
  });

  const broken: [string, string | Buffer, RegExp][] = [
    ['nothing', '', /JSON/],
    ['text', 'hello', /not valid JSON/],
    ['half an object', '{"model": "gpt-4o-mini", "messages": [', /ends too early/],
    ['two objects', '{}{}', /not valid JSON/],
    ['a list', '[{"model":"gpt-4o-mini"}]', /not an object/],
    ['a number', '17', /not an object/],
    ['null', 'null', /not an object/],
    ['NaN', '{"model": NaN}', /not valid JSON/],
    ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]), /UTF-8/],
    [
      'half a character',
      Buffer.concat([Buffer.from('{"model":"'), Buffer.from([0xf0, 0x9f]), Buffer.from('"}')]),
      /UTF-8/,
    ],
    ['UTF-16', Buffer.from('{"model":"gpt-4o-mini"}', 'utf16le'), /not valid/],
    ['deep nesting', `{"model":"gpt-4o-mini","messages":${'['.repeat(200)}${']'.repeat(200)}}`, /levels deep/],
    ['very deep nesting', `{"a":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}`, /levels deep/],
    ['two models', '{"model":"gpt-4o-mini","model":"gpt-4o","messages":[]}', /two members named "model"/],
    [
      'two models, one escaped',
      '{"model":"gpt-4o-mini","m\\u006fdel":"gpt-4o","messages":[]}',
      /two members named "model"/,
    ],
    [
      'two models to who knows no case',
      '{"model":"gpt-4o-mini","Model":"gpt-4o","messages":[],"input":"","max_tokens":1}',
      /"Model" is "model" in other letters/,
    ],
    [
      'a second bound to who knows no case',
      '{"model":"gpt-4o-mini","messages":[],"input":"","max_tokens":1,"max_to\u212aens":9999}',
      /is "max_tokens" in other letters/,
    ],
    [
      'two roles below',
      '{"model":"gpt-4o-mini","messages":[{"role":"user","role":"system"}]}',
      /two members named "role"/,
    ],
  ];
  test.each(broken)('a body that is %s', async (_, body, message) => {
    for (const wire of wire_names)
      await refused(wire, { body, headers: names }, { status: 400, code: 'invalid_body', message });
  });

  const wrong: [WireName, string, object][] = [
    ['chat', 'model', { model: 7 }],
    ['chat', 'model', { model: '  ' }],
    ['chat', 'model', { model: { name: 'gpt-4o-mini' } }],
    ['chat', 'model', { model: null }],
    ['chat', 'messages', { messages: { role: 'user' } }],
    ['chat', 'messages', { messages: 'Hello.' }],
    ['chat', 'stream', { stream: 'true' }],
    ['chat', 'stream_options', { stream: true, stream_options: [] }],
    ['chat', 'max_tokens', { max_tokens: -1 }],
    ['chat', 'max_tokens', { max_tokens: 1.5 }],
    ['chat', 'max_tokens', { max_tokens: '100' }],
    ['chat', 'max_completion_tokens', { max_completion_tokens: 0 }],
    ['chat', 'n', { n: 100_000 }],
    ['chat', 'n', { n: [1] }],
    ['chat', 'tools', { tools: {} }],
    ['responses', 'input', { input: 5 }],
    ['responses', 'max_output_tokens', { max_output_tokens: {} }],
    ['responses', 'background', { background: true }],
    ['messages', 'max_tokens', { max_tokens: null }],
    ['messages', 'max_tokens', { max_tokens: 3_000_000_000 }],
    ['messages', 'system', { system: 4 }],
    ['messages', 'messages', { messages: null }],
    ['messages', 'tools', { tools: 'all' }],
  ];
  test.each(wrong)('on %s, a "%s" of the wrong type: %j', async (wire, field, more) => {
    const message = new RegExp(`"${field}" must be `);
    await refused(wire, { body: good(wire, more), headers: names }, { status: 400, code: 'invalid_body', message });
  });

  test('numbers beyond all bounds', async () => {
    const body = good('chat', { max_tokens: 1 }).replace('"max_tokens":1', `"max_tokens":${'9'.repeat(400)}`);
    await refused('chat', { body }, { status: 400, code: 'invalid_body', message: /max_tokens/ });
  });

  test('embeddings of what is no text', async () => {
    for (const input of [undefined, 5, [[['x']]], [{}]]) {
      const answer = await send('/v1/embeddings', { body: JSON.stringify({ model: 'text-embedding-3-small', input }) });
      expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('input') });
    }
  });

  test('a body larger than is taken', async () => {
    const body = good('chat', { padding: 'x'.repeat(20_000_000) });
    for (const wire of wire_names) await refused(wire, { body }, { status: 413, code: 'too_large' });
  });

  test('an unknown model, or one that does not speak the wire', async () => {
    const code = 'model_not_found';
    for (const wire of wire_names) {
      for (const model of ['gpt-17-nonexistent', 'nowhere/gpt-4o', '🤖', 'x'.repeat(256)]) {
        await refused(
          wire,
          { body: good(wire, { model }), headers: names },
          { status: 404, code, message: /GET \/v1\/models/ },
        );
      }
    }
    for (const wire of wire_names) {
      const endless = { body: good(wire, { model: 'x'.repeat(100_000) }), headers: names };
      await refused(wire, endless, { status: 400, code: 'invalid_body', message: /256/ });
    }
    const other = { body: good('chat', { model: 'claude-opus-4-6' }), headers: names };
    await refused('chat', other, { status: 404, code });
    await refused(
      'messages',
      { body: good('messages', { model: 'openai/gpt-4o' }) },
      { status: 404, code, message: /does not speak/ },
    );
  });

  test('no key, a wrong key, a key in a wrong place', async () => {
    const { secret, id } = await makeKey(gateway.admin);
    expectStatus(200, await gateway.admin.post(`/api/v1/api-keys/${id}/revoke`, { reason: 'a test' }));
    const { admin_key } = gateway.server;
    for (const wire of wire_names) {
      const without = { body: good(wire), key: null };
      const headers = [
        {},
        { authorization: '' },
        { authorization: 'Bearer ' },
        { authorization: `Basic ${Buffer.from(`x:${admin_key}`).toString('base64')}` },
        { authorization: `Bearer ${admin_key}x` },
        { authorization: `Bearer ${admin_key.slice(0, -1)}` },
        { authorization: `Bearer ${'a'.repeat(5_000)}` },
        { authorization: `Bearer ${secret}` },
        { 'x-api-key': "' or 1=1 --" },
        { 'x-aos-key': '\u00e9'.repeat(30) },
      ];
      for (const each of headers)
        await refused(wire, { ...without, headers: each }, { status: 401, code: 'unauthenticated' });
      await refused(wire, { body: '{', key: null }, { status: 401, code: 'unauthenticated' });
    }
    const viewer = await makeKey(gateway.admin, { role: 'viewer' });
    const answer = await send('/v1/chat/completions', { body: good('chat'), key: viewer.secret });
    expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('forbidden') });
  });

  const headers: [string, string, RegExp][] = [
    ['x-aos-agent', 'a', /Did you mean x-aos-agent-id\?/],
    ['x-aos-agentid', 'a', /Did you mean x-aos-agent-id\?/],
    ['x-aos-sesion-id', 'a', /Did you mean x-aos-session-id\?/],
    ['x-aos-dryrun', '1', /Did you mean x-aos-dry-run\?/],
    ['x-aos-wholly-unknown-thing', '1', /not known here/],
    ['x-aos-meta-', '1', /not known here/],
    ['x-aos-dry-run', 'maybe', /must be 1 or 0/],
    ['x-aos-tags', 'novalue', /key=value/],
    ['x-aos-tags', 'a=b,,c=d', /key=value/],
    ['x-aos-tags', 'grün=ja', /key=value/],
    ['x-aos-tags', '__proto__=a', /key=value/],
    ['x-aos-tags', Array.from({ length: 33 }, (_, n) => `k${n}=v`).join(','), /at most 32/],
    ['x-aos-agent-id', 'x'.repeat(257), /1 to 256 visible/],
    ['x-aos-agent-id', '', /1 to 256 visible/],
    ['x-aos-actor-id', 'zo\u00eb', /1 to 256 visible/],
    ['x-aos-session-id', 'tab\there', /1 to 256 visible/],
    ['x-aos-agent-id', 'support-bot, billing-bot', /made one header of several\. Send it once/],
    ['x-aos-actor-id', 'ana,ana', /Send it once/],
    ['x-aos-project', 'default, default', /Send it once/],
    ['x-aos-run-id', 'run_1, run_2', /Send it once/],
  ];
  test.each(headers)('the header %s: %s', async (name, value, message) => {
    for (const wire of wire_names) {
      await refused(
        wire,
        { body: good(wire), headers: { [name]: value } },
        { status: 400, code: 'invalid_header', message },
      );
    }
  });

  test('a run that is not there', async () => {
    const runs = ['run_1', 'run_01m82vjcdxfqaa81vcbj87xvj2', "run_' or ''='", 'dec_01m82vjcdxfqaa81vcbj87xvj2'];
    for (const run of runs) {
      const sent = { body: good('chat'), headers: { 'x-aos-run-id': run } };
      await refused('chat', sent, { status: 404, code: 'not_found', message: /there is no run/ });
    }
  });

  test('a content type or coding that is not read', async () => {
    for (const wire of wire_names) {
      const types = [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/json; charset=utf-16',
        'nonsense',
      ];
      for (const type of types) {
        const sent = { body: good(wire), headers: { 'content-type': type } };
        await refused(wire, sent, { status: 415, code: 'unsupported_media_type' });
      }
      const gzipped = { body: good(wire), headers: { 'content-encoding': 'gzip' } };
      await refused(wire, gzipped, { status: 415, code: 'unsupported_media_type' });
    }
  });

  test('a method or path that is not there', async () => {
    for (const wire of wire_names) {
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
        await refused(
          wire,
          { method },
          { status: 404, code: 'not_found', message: new RegExp(`does not take ${method}.*POST`) },
        );
      }
    }
    for (const path of [
      '/v1/chat/completions/',
      '/v1//chat/completions',
      '/v1/chat/../models',
      '/V1/models',
      '/v1/chat/completions%00',
    ]) {
      expect((await opened(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)).socket).toBeDefined();
      expect((await send(path, { body: good('chat') })).status, path).toBe(404);
    }
  });

  const raw: [string, string | Buffer, number][] = [
    ['headers of 100 KB', `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-big: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n', 400],
    ['a NUL in a header', 'GET /v1/models HTTP/1.1\r\nhost: x\r\nx-aos-agent-id: a\0b\r\n\r\n', 400],
    ['a wrong length', 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n12345',
      400,
    ],
    [
      'length and chunks',
      'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['broken chunks', 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nabc\r\n', 400],
  ];
  test.each(raw)('%s', async (_, bytes, status) => {
    const { socket, heard } = await opened(bytes);
    await expect.poll(heard).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(heard()).toMatch(/"error":\{"message":"[^"]{10,}/);
    const [, id] = /^x-request-id: (req_[0-9a-f]{32})\r$/m.exec(heard()) ?? [];
    expect(heard()).toContain(`\r\nrequest-id: ${id}\r\n`);
    socket.destroy();
  });

  test('two agents in one call', async () => {
    const body = good('chat');
    const head = `POST ${wires.chat.path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.server.admin_key}\r\n`;
    const claims = 'x-aos-agent-id: a\r\nx-aos-agent-id: b\r\n';
    const form = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    const { socket, heard } = await opened(`${head}${claims}${form}${body}`);
    await expect.poll(heard).toMatch(/^HTTP\/1\.1 400 [\s\S]*x-aos-agent-id comes more than once/);
    socket.destroy();
  });

  test('a large body of a stranger is not waited for', async () => {
    for (const wire of wire_names) {
      const head = `POST ${wires[wire].path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer nobody\r\ncontent-type: application/json\r\n`;
      const { socket, heard } = await opened(`${head}content-length: 15000000\r\n\r\n{`);
      await expect.poll(heard).toMatch(/^HTTP\/1\.1 401 /);
      socket.destroy();
    }
  });

  test('a body that never ends is given up when its sender leaves', async () => {
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.server.admin_key}\r\ncontent-type: application/json\r\n`;
    const all = await Promise.all([
      opened(`${head}content-length: 500\r\n\r\n{"model":`),
      opened(`${head}transfer-encoding: chunked\r\n\r\n9\r\n{"model":\r\n`),
    ]);
    await sleep(100);
    for (const { socket } of all) socket.destroy();
    await sleep(100);
  });
});

test('headers that come too slowly are given up, and kept nobody waiting', async () => {
  for (const { socket } of dribbling) if (!socket.destroyed) socket.write('x-slow: 1\r\n');
  await expect.poll(() => dribbling.filter(({ socket }) => !socket.destroyed).length, { interval: 200 }).toBe(0);
  for (const { heard } of dribbling) expect(heard()).toMatch(/^HTTP\/1\.1 408 /);
  expect((await fetch(`${gateway.server.url}/health`)).status).toBe(200);
});
