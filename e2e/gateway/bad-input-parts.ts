import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect } from 'vitest';
import { expectStatus } from '../parts/client.ts';
import { type Gateway, startGateway, type WireName, wires } from '../parts/gateway.ts';

/** A gateway, and bytes that are sent to it as they are. `withGateway` starts the gateway. */

export let gateway: Gateway;
export let dribbling: { socket: Socket; heard: () => string }[];

/** For the tests of the file that calls it. */
export function withGateway(): void {
  beforeAll(async () => {
    gateway = await startGateway();
    // Tenants are known to this process, and one call has gone through, before anything bad comes.
    expectStatus(200, await gateway.admin.post('/v1/chat/completions', wires.chat.body({})));
    dribbling = await Promise.all(
      Array.from({ length: 10 }, () => opened('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n')),
    );
  });
  afterAll(async () => {
    for (const { socket } of dribbling ?? []) socket.destroy();
    await gateway?.stop();
  });
}

/** A connection that has sent these bytes. */
export async function opened(bytes: string | Buffer) {
  const { hostname, port } = new URL(gateway.server.url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (part) => {
    text += part.toString();
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  return { socket, heard: () => text };
}

interface Sent {
  method?: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  key?: string | null;
}

export async function send(
  path: string,
  { method = 'POST', body, headers = {}, key = gateway.server.admin_key }: Sent,
) {
  const answer = await fetch(gateway.server.url + path, {
    method,
    headers: {
      ...(key !== null && { authorization: `Bearer ${key}` }),
      'content-type': 'application/json',
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** A clear refusal in the form of its wire. */
export async function refused(
  wire: WireName,
  sent: Sent,
  expected: { status: number; code: string; message?: RegExp },
) {
  const answer = await send(wires[wire].path, sent);
  expect(answer.text).toMatch(/^\{/);
  const { error, ...around } = JSON.parse(answer.text) as {
    error: { type: string; code: string; message: string; param?: null };
  };
  expect({ status: answer.status, code: error.code }).toEqual({ status: expected.status, code: expected.code });
  expect(around).toEqual(wire === 'messages' ? { type: 'error' } : {});
  expect('param' in error).toBe(wire !== 'messages');
  expect(error.message).toMatch(expected.message ?? /.{20}/);
  expect(error.type).toMatch(/^[a-z_]+_error$/);
  expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  expect(answer.headers.get('content-type')).toContain('application/json');
}

const tables = [
  'runs',
  'traces',
  'steps',
  'llm_run_records',
  'decisions',
  'violations',
  'incidents',
  'holds',
  'agents',
  'actors',
  'sessions',
];
export const counts = () =>
  gateway.rows(tables.map((name) => `select '${name}' as name, count(*)::int as n from ${name}`).join(' union all '));
export const good = (wire: WireName, more: object = {}) => JSON.stringify(wires[wire].body({}, more));
export const names = {
  'x-aos-agent-id': 'bad-agent',
  'x-aos-actor-id': 'bad-actor',
  'x-aos-session-id': 'bad-session',
};
