import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { OutboundFailure } from './failure.ts';
import { type OutboundRequest, openOutbound } from './outbound.ts';
import { mayReach, parseReach } from './reach.ts';
import type { Resolve } from './target.ts';

/** Hosts behind which a network that trusts this machine would answer, in every way they can be written. */
const private_hosts = [
  // Loopback, as dotted, short, decimal, octal and hexadecimal numbers, alone and mixed.
  '127.0.0.1',
  '127.0.0.1.',
  '127.1',
  '127.0.1',
  '127.255.255.254',
  '2130706433',
  '017700000001',
  '0x7f000001',
  '0x7f.1',
  '0x7F.0x0.0x0.0x1',
  '0177.0.0.1',
  '0177.0.0.0x1',
  '00000177.0.0.01',
  '127.0x1',
  // In letters and stops of other scripts, and percent-encoded.
  '①②⑦.⓪.⓪.①',
  '１２７.０.０.１',
  '127。0。0。1',
  '127．0．0．1',
  '%31%32%37.0.0.1',
  'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'app.localhost',
  // Nowhere in particular.
  '0',
  '0.0.0.0',
  '0x0',
  '0.1.2.3',
  '[::]',
  '[0:0:0:0:0:0:0:0]',
  // IPv6: loopback, and all that leads to an IPv4 address.
  '[::1]',
  '[0000:0000:0000:0000:0000:0000:0000:0001]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:127.0.0.1]',
  '[::127.0.0.1]',
  '[::7f00:1]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::a9fe:a9fe]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::1]',
  '[2001:0:7f00:1::1]',
  '[2001:0000:4136:e378:8000:63bf:3fff:fdd2]',
  '[::ffff:169.254.169.254]',
  '[::ffff:a00:1]',
  // Private, shared and local networks.
  '10.0.0.1',
  '10.255.255.255',
  '167772161',
  '012.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.1.1',
  '0xc0a80001',
  '100.64.0.1',
  '100.127.255.255',
  '[fc00::1]',
  '[fd12:3456:789a::1]',
  '[fec0::1]',
  '[fe80::1]',
  '169.254.0.1',
  // Where clouds tell a machine its credentials.
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '169.254.43518',
  '169.254.170.2',
  '[fd00:ec2::254]',
  '[fd20:ce::254]',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
  // To many, to nobody, and kept for later.
  '224.0.0.1',
  '239.255.255.250',
  '[ff02::1]',
  '255.255.255.255',
  '240.0.0.1',
  '192.0.2.1',
  '198.51.100.7',
  '203.0.113.9',
  '198.18.0.1',
  '192.88.99.1',
  '[2001:db8::1]',
  '[3fff::1]',
  '[100::1]',
  '[2001:2::1]',
  '[5f00::1]',
];

/** What is no plain http or https URL at all. */
const bad_urls = [
  'file:///etc/passwd',
  'gopher://127.0.0.1:25/_HELO',
  'ftp://example.com/',
  'data:text/plain,x',
  'javascript:alert(1)',
  'unix:/var/run/docker.sock',
  '//127.0.0.1/',
  'http://',
  'http:///',
  'http://[fe80::1%25eth0]/',
  'http://[::1%lo]/',
  'http://user:secret@example.com/',
  'http://example.com@127.0.0.1/',
  'http://example.com:80@127.0.0.1/',
  'http://127.0.0.1:80\\@example.com/',
  'http://exa mple.com/',
  'http://example.com:99999/',
  `https://example.com/${'a'.repeat(2_000)}`,
];

interface Site {
  origin: string;
  port: number;
  requests: { path: string; body: string }[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

const servers: Server[] = [];

async function openSite(host: string): Promise<Site> {
  const site: Site = { origin: '', port: 0, requests: [], answer: (_, response) => response.end('ok') };
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    site.requests.push({ path: request.url ?? '', body: Buffer.concat(parts).toString() });
    site.answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, host, resolve));
  site.port = (server.address() as AddressInfo).port;
  site.origin = `http://${host}:${site.port}`;
  return site;
}

let canary: Site;
let inside: Site;
beforeAll(async () => {
  canary = await openSite('127.0.0.1');
  inside = await openSite('127.0.0.1');
});
beforeEach(() => {
  inside.requests.length = 0;
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const nothing = { hosts: new Set<string>(), ranges: [] };
const reach = (text: string) => parseReach(text) ?? nothing;
const post = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest => ({
  url,
  method: 'POST',
  headers: { 'content-type': 'text/plain' },
  body: 'hello',
  within_ms: 5_000,
  max_bytes: 1_000,
  ...more,
});
const failureOf = (work: Promise<unknown>): Promise<OutboundFailure> =>
  work.then(
    () => {
      throw new Error('it was sent');
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(OutboundFailure);
      return error as OutboundFailure;
    },
  );

describe('the outbound client', () => {
  test(`reaches none of ${private_hosts.length} private addresses, however they are written`, async () => {
    expect(new Set(private_hosts).size).toBeGreaterThanOrEqual(60);
    const outbound = openOutbound(nothing);
    for (const host of private_hosts) {
      const failure = await failureOf(outbound.send(post(`http://${host}:${canary.port}/latest/meta-data/`)));
      expect([host, failure.kind === 'refused' || /has no address/.test(failure.message)]).toEqual([host, true]);
    }
    expect(canary.requests).toEqual([]);
  });

  test('sends nothing to what is no plain http or https URL', async () => {
    const outbound = openOutbound(nothing, () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]));
    for (const url of bad_urls)
      expect([url, (await failureOf(outbound.send(post(url)))).kind]).toEqual([url, 'refused']);
  });

  test('refuses a name when any of its addresses is private', async () => {
    for (const address of ['127.0.0.1', '::1', '10.1.2.3', '169.254.169.254', 'fe80::1%eth0', '::ffff:127.0.0.1']) {
      const resolve: Resolve = () =>
        Promise.resolve([
          { address: '93.184.215.14', family: 4 },
          { address, family: address.includes(':') ? 6 : 4 },
        ]);
      const failure = await failureOf(openOutbound(nothing, resolve).send(post(`http://a.example:${canary.port}/`)));
      expect([address, failure.kind]).toEqual([address, 'refused']);
      expect(failure.message).not.toContain(address);
    }
    expect(canary.requests).toEqual([]);
  });

  test('asks for a name once and connects to that answer, whatever the name says later', async () => {
    let asked = 0;
    const resolve: Resolve = () => {
      asked += 1;
      return Promise.resolve([{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
    };
    const outbound = openOutbound(reach('127.0.0.1'), resolve);
    const url = `http://rebind.example:${inside.port}/`;
    expect((await outbound.send(post(url))).status).toBe(200);
    expect([asked, inside.requests.length]).toEqual([1, 1]);
    expect((await failureOf(outbound.send(post(url)))).kind).toBe('refused');
    expect([asked, inside.requests.length]).toEqual([2, 1]);
  });

  test.each([301, 302, 303, 307, 308])('takes a %i for the answer and does not go where it points', async (status) => {
    const resolve: Resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    inside.answer = (request, response) => {
      const to = request.url === '/first' ? '/second' : `${canary.origin}/`;
      response.writeHead(status, { location: to }).end();
    };
    const outbound = openOutbound(reach('inside.example'), resolve);
    const origin = `http://inside.example:${inside.port}`;
    expect((await outbound.send(post(`${origin}/first`))).status).toBe(status);
    expect((await outbound.send(post(`${origin}/second`))).status).toBe(status);
    expect(inside.requests.map(({ path }) => path)).toEqual(['/first', '/second']);
    expect(canary.requests).toEqual([]);
  });

  test('sends what it was given, and reads no more of the answer than asked for', async () => {
    inside.answer = (_, response) => response.end('x'.repeat(100_000));
    const outbound = openOutbound(reach('127.0.0.0/8'));
    const answer = await outbound.send(post(`${inside.origin}/hook?a=1`));
    expect(inside.requests).toEqual([{ path: '/hook?a=1', body: 'hello' }]);
    expect([answer.status, answer.body.length, answer.is_cut]).toEqual([200, 1_000, true]);
  });

  test('ends an answer that does not come, or never ends, when the time is over', async () => {
    const outbound = openOutbound(reach('127.0.0.1'));
    inside.answer = () => undefined;
    const silent = await failureOf(outbound.send(post(`${inside.origin}/secret-path`, { within_ms: 50 })));
    inside.answer = (_, response) => void response.write('x');
    const endless = await failureOf(outbound.send(post(`${inside.origin}/secret-path`, { within_ms: 50 })));
    for (const failure of [silent, endless]) {
      expect(failure.kind).toBe('timeout');
      expect(failure.message).not.toContain('secret-path');
    }
  });

  test('tells what cannot be reached from what broke', async () => {
    const outbound = openOutbound(reach('127.0.0.1'), () => Promise.reject(new Error('no such name')));
    const closed = await openSite('127.0.0.1');
    await new Promise((resolve) => servers.at(-1)?.close(resolve));
    expect((await failureOf(outbound.send(post(closed.origin)))).kind).toBe('unreachable');
    expect((await failureOf(outbound.send(post('http://nowhere.example')))).kind).toBe('unreachable');
    inside.answer = (request) => request.socket.destroy();
    expect((await failureOf(outbound.send(post(inside.origin)))).kind).toBe('broken');
  });

  test('lets nobody set the headers of the connection', async () => {
    const outbound = openOutbound(reach('127.0.0.1'));
    for (const name of ['Host', 'connection', 'Transfer-Encoding', 'content-length', 'proxy-authorization']) {
      const failure = await failureOf(outbound.send(post(inside.origin, { headers: { [name]: 'x' } })));
      expect([name, failure.kind]).toEqual([name, 'refused']);
    }
    expect(inside.requests).toEqual([]);
  });
});

describe('what may be reached', () => {
  test('is the public internet without configuration', () => {
    for (const address of ['8.8.8.8', '93.184.215.14', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])
      expect([address, mayReach(nothing, 'a.example', address)]).toEqual([address, true]);
  });

  test('is more by host, address or range, and only that', () => {
    const allowed = reach('Hooks.Internal., 10.1.0.0/16, 192.168.7.7, fd00::/8');
    expect(mayReach(allowed, 'hooks.internal', '10.9.9.9')).toBe(true);
    expect(mayReach(allowed, 'hooks.internal.', '10.9.9.9')).toBe(true);
    expect(mayReach(allowed, 'x.hooks.internal', '10.9.9.9')).toBe(false);
    expect(mayReach(allowed, 'a.example', '10.1.200.3')).toBe(true);
    expect(mayReach(allowed, 'a.example', '10.2.0.1')).toBe(false);
    expect(mayReach(allowed, 'a.example', '192.168.7.7')).toBe(true);
    expect(mayReach(allowed, 'a.example', '::ffff:192.168.7.7')).toBe(false);
    expect(mayReach(allowed, 'a.example', 'fd12::1')).toBe(true);
  });

  test('is not configured by what is neither', () => {
    for (const text of ['http://a.example', '10.0.0.0/33', '10.0.0', '1.2.3.4.5', '*', 'a b', 'a.example:80', '[::1]'])
      expect([text, parseReach(text)]).toEqual([text, null]);
  });
});
