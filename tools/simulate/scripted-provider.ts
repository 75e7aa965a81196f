import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** For tests: a provider on a local port that answers as a script says and remembers what it was sent. */
export interface ScriptedProvider {
  url: string;
  requests: { path: string; headers: IncomingMessage['headers']; body: string }[];
  /** Sockets that have been open at any time. */
  sockets: Set<Socket>;
  /** Resolves when a connection has been closed by its client, with the time since the epoch in milliseconds. */
  closed: Promise<number>;
  close(): Promise<void>;
}

export type Script = (response: ServerResponse, request: { path: string; body: string }) => void;

export async function scriptedProvider(script: Script): Promise<ScriptedProvider> {
  const requests: ScriptedProvider['requests'] = [];
  const sockets = new Set<Socket>();
  let sawClose: (at: number) => void = () => {};
  const closed = new Promise<number>((resolve) => {
    sawClose = resolve;
  });
  const server = createServer((request, response) => {
    response.on('close', () => sawClose(Date.now()));
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const heard = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts).toString() };
      requests.push(heard);
      script(response, heard);
    });
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${port}`, requests, sockets, closed, close };
}
