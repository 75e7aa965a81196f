import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { type Script, type ScriptedProvider, scriptedProvider } from '../../../tools/simulate/scripted-provider.ts';
import type { Deadlines, ProviderKind, UpstreamRequest } from './define.ts';
import { closePools } from './http.ts';
import { upstreams } from './index.ts';

const open_providers: { close(): Promise<void> | void }[] = [];
afterAll(async () => {
  await closePools();
  for (const provider of open_providers) await provider.close();
});

async function provider(script: Script): Promise<ScriptedProvider> {
  const made = await scriptedProvider(script);
  open_providers.push(made);
  return made;
}

const deadlines: Deadlines = { connect_ms: 5_000, first_byte_ms: 5_000, idle_ms: 5_000, total_ms: 20_000 };

function send(base_url: string, more: Partial<UpstreamRequest> & { kind?: ProviderKind } = {}) {
  const { kind = 'openai', ...rest } = more;
  return upstreams[kind].open(
    { id: 'p', kind, base_url, secret: 'sk-provider' },
    {
      wire: 'chat',
      path: '/chat/completions',
      body: Buffer.from('{}'),
      headers: {},
      stream: false,
      deadlines,
      sent_at_ms: 0,
      signal: new AbortController().signal,
      ...rest,
    },
  );
}

const caller_headers = {
  'content-type': 'text/plain',
  accept: 'text/event-stream',
  'accept-encoding': 'gzip, br',
  authorization: 'Bearer aos_live_caller',
  'x-api-key': 'aos_live_caller',
  cookie: 'session=1',
  host: 'aos.example',
  connection: 'close',
  'x-aos-agent-id': 'support',
  'openai-organization': 'org-caller',
  'openai-beta': 'assistants=v2',
  'anthropic-beta': 'context-1m',
  'user-agent': 'caller/1.0',
  'x-stainless-lang': 'js',
};

test('sends the body as it is, the provider’s key, and of the caller only what may travel on', async () => {
  const { url, requests } = await provider((response) => response.end('{}'));
  const body = Buffer.from('{ "model": "m", "seed": 12345678901234567890 }');
  await buffer((await send(`${url}/v1/`, { body, headers: caller_headers })).body);
  const [sent] = requests;
  expect(sent?.path).toBe('/v1/chat/completions');
  expect(sent?.body).toBe(body.toString());
  expect(sent?.headers).toEqual({
    host: url.slice('http://'.length),
    connection: 'keep-alive',
    'content-length': String(body.length),
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    accept: 'text/event-stream',
    authorization: 'Bearer sk-provider',
    'openai-beta': 'assistants=v2',
    'anthropic-beta': 'context-1m',
    'user-agent': 'caller/1.0',
  });
});

test('speaks to Anthropic with its key, version and path, however the base address is written', async () => {
  const { url, requests } = await provider((response) => response.end('{}'));
  const more = { kind: 'anthropic', wire: 'messages', path: '/messages' } as const;
  for (const base of [url, `${url}/`, `${url}/v1`]) await buffer((await send(base, more)).body);
  await buffer((await send(url, { ...more, headers: { 'anthropic-version': '2099-01-01' } })).body);
  expect(requests.map((request) => request.path)).toEqual(Array(4).fill('/v1/messages'));
  expect(requests.map(({ headers }) => headers['x-api-key'])).toEqual(Array(4).fill('sk-provider'));
  expect(requests.map(({ headers }) => headers['anthropic-version'])).toEqual([
    ...Array(3).fill('2023-06-01'),
    '2099-01-01',
  ]);
  expect(requests[0]?.headers.authorization).toBeUndefined();
});

test('hands back the provider’s headers without those of the connection, cookies and our own names', async () => {
  const { url } = await provider((response) => {
    response.writeHead(429, {
      'content-type': 'application/json',
      'retry-after': '7',
      'x-ratelimit-remaining-tokens': '0',
      'set-cookie': '__cf_bm=1',
      connection: 'keep-alive, x-hop',
      'x-hop': '1',
      'x-aos-decision': 'continue',
    });
    response.end('{}');
  });
  const { status, headers } = await send(url);
  expect(status).toBe(429);
  expect(headers).toEqual({
    'content-type': 'application/json',
    'retry-after': '7',
    'x-ratelimit-remaining-tokens': '0',
    date: expect.any(String),
  });
});

test('follows no redirect and hides where it leads', async () => {
  const { url, requests } = await provider((response) => response.writeHead(307, { location: '/elsewhere' }).end());
  const { status, headers } = await send(url);
  expect(status).toBe(307);
  expect(headers.location).toBeUndefined();
  expect(requests).toHaveLength(1);
});

test('refuses a coding that it cannot undo, since nobody could count what is in it', async () => {
  const { url } = await provider((response) => response.writeHead(200, { 'content-encoding': 'compress' }).end('x'));
  await expect(send(url)).rejects.toMatchObject({ kind: 'reset', sent: true });
  const broken = await provider((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'));
  await expect((await send(broken.url)).whole()).rejects.toMatchObject({ kind: 'reset', sent: true });
});

test('undoes a coding that it did not ask for, each piece as it comes', async () => {
  const large = Buffer.alloc(8 * 1024 * 1024, 'a wide answer ');
  let goOn = () => {};
  const { url } = await provider((response, { path }) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    const packed = createGzip();
    packed.pipe(response);
    if (path.startsWith('/wide')) return packed.end(large);
    packed.write('first ');
    packed.flush();
    goOn = () => packed.end('last');
  });
  const { body, headers } = await send(url);
  expect(headers['content-encoding']).toBeUndefined();
  body.setEncoding('utf8');
  const texts = body.iterator();
  expect((await texts.next()).value).toBe('first ');
  goOn();
  expect((await texts.next()).value).toBe('last');
  const wide = await send(`${url}/wide`);
  expect((await buffer(wide.body)).equals(large)).toBe(true);
});

/** The soonest of several times: what else the machine does only ever delays it. */
async function soonest(once: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let n = 0; n < 8 && least > 100; n++) least = Math.min(least, await once());
  return least;
}

test.each(['before the answer', 'in mid-stream'])(
  'an abort %s closes the socket so soon that the provider sees it within 100 ms',
  async (phase) => {
    const seen_after = await soonest(async () => {
      const { url, requests, closed } = await provider((response) => {
        if (phase === 'in mid-stream') response.writeHead(200).write('data: 1\n\n');
      });
      const abort = new AbortController();
      const answer = send(url, { signal: abort.signal, stream: true });
      answer.catch(() => {});
      if (phase === 'in mid-stream') await answer;
      while (requests.length === 0) await pause(2);
      const from = Date.now();
      abort.abort();
      return (await closed) - from;
    });
    expect(seen_after).toBeLessThanOrEqual(100);
  },
);

test('destroying the body closes the socket too', async () => {
  const seen_after = await soonest(async () => {
    const { url, closed } = await provider((response) => response.writeHead(200).write('data: 1\n\n'));
    const { body } = await send(url, { stream: true });
    const from = Date.now();
    body.destroy();
    return (await closed) - from;
  });
  expect(seen_after).toBeLessThanOrEqual(100);
});

test('a reader that stalls stops the provider instead of filling the memory', async () => {
  let written = 0;
  const { url } = await provider((response) => {
    response.writeHead(200);
    const write = () => {
      while (written < 64_000_000 && !response.destroyed) {
        written += 64_000;
        if (!response.write(Buffer.alloc(64_000))) {
          response.once('drain', write);
          return;
        }
      }
      response.end();
    };
    write();
  });
  const { body } = await send(url, { stream: true });
  await pause(300);
  // What the two sockets' buffers hold, a few MB; not the 64 MB of the answer.
  expect(written).toBeLessThan(20_000_000);
  let read = 0;
  for await (const chunk of body) read += chunk.length;
  expect(read).toBe(64_000_000);
});

test('a refused connection, an unknown host and a failed handshake have sent nothing', async () => {
  const gone = await provider(() => {});
  await gone.close();
  const refused = await send(gone.url).catch((error: unknown) => error);
  expect(refused).toMatchObject({ kind: 'unreachable', sent: false, message: expect.stringContaining('ECONNREFUSED') });
  await expect(send('http://no-such-host.invalid')).rejects.toMatchObject({ kind: 'unreachable', sent: false });
  const plain = await provider((response) => response.end());
  await expect(send(plain.url.replace('http:', 'https:'))).rejects.toMatchObject({ kind: 'unreachable', sent: false });
});

test('a connection that is never made passes its deadline, and its request is never sent', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  open_providers.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    },
  });
  const { port } = silent.address() as AddressInfo;
  const failure = await send(`https://127.0.0.1:${port}`, { deadlines: { ...deadlines, connect_ms: 80 } }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({
    kind: 'timeout',
    sent: false,
    message: expect.stringMatching(/no connection .* 80 ms/),
  });
});

test('a connection that breaks after the request counts as sent', async () => {
  const before = await provider((response) => response.destroy());
  await expect(send(before.url)).rejects.toMatchObject({ kind: 'reset', sent: true });
  const short = await provider((response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
    setTimeout(() => response.destroy(), 20);
  });
  const { body } = await send(short.url);
  await expect(buffer(body)).rejects.toMatchObject({ kind: 'reset', sent: true });
});

test('connections are kept and used again, one request at a time', async () => {
  const { url, sockets } = await provider((response) => setTimeout(() => response.end('{}'), 20));
  for (let i = 0; i < 5; i++) await buffer((await send(url)).body);
  // One socket is still being freed when the next call comes.
  expect(sockets.size).toBeLessThanOrEqual(2);
  await Promise.all(Array.from({ length: 20 }, async () => buffer((await send(url)).body)));
  expect(sockets.size).toBeGreaterThanOrEqual(20);
  expect(sockets.size).toBeLessThanOrEqual(22);
});

async function inPieces(socket: Socket, pieces: string[]): Promise<void> {
  socket.setNoDelay();
  for (const piece of pieces) {
    socket.write(piece);
    await pause(pieces.length > 2 ? 1 : 20);
  }
}

test('an interim answer that nobody asked for is passed over, and the connection is used again', async () => {
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';
  const interims = [
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 100 Continue\r\ndate: today\r\n\r\n',
    'HTTP/1.1 102 Processing\r\n\r\n',
  ];
  let asked = 0;
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    socket.on('data', (heard) => {
      if (!heard.toString().includes('POST ')) return;
      const interim = interims[Math.floor(asked / 3) % interims.length] ?? '';
      // In one piece with the answer, alone, or letter by letter.
      const way = asked++ % 3;
      const pieces = way === 0 ? [interim + answer] : way === 1 ? [interim, answer] : [...(interim + answer)];
      void inPieces(socket, pieces);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open_providers.push({ close: () => void server.close() });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (let n = 0; n < 3 * interims.length; n++) {
    const response = await send(url);
    expect(response.status).toBe(200);
    expect((await response.whole()).toString()).toBe('{}');
    await pause(5);
  }
  expect(asked).toBe(3 * interims.length);
  expect(connections).toBeLessThan(asked);
});

test('closing the pools cuts what is in flight', async () => {
  const { url } = await provider((response) => response.writeHead(200).write('data: 1\n\n'));
  const { body } = await send(url, { stream: true });
  const reading = buffer(body).catch((error: unknown) => error);
  await pause(20);
  await closePools();
  expect(await reading).toMatchObject({ kind: 'reset', sent: true });
});
