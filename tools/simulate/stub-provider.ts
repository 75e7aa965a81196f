import http from 'node:http';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Bill, billOf } from './stub/bill.ts';
import { StubBooks, type StubExtras } from './stub/books.ts';
import { chat } from './stub/chat.ts';
import { type LogEntry, type Received, watchConnection } from './stub/connections.ts';
import { type Directive, parseDirective } from './stub/directive.ts';
import { embeddings } from './stub/embeddings.ts';
import { messages } from './stub/messages.ts';
import { responses } from './stub/responses.ts';
import { answerAside } from './stub/side.ts';
import type { StubWire } from './stub/wire.ts';

/** A provider of models on loopback that keeps its own bill: the other side of every statement about cost. */
export interface StubProvider {
  /** Base URL of the API: `http://127.0.0.1:PORT/v1`. */
  url: string;
  /** Base URL for the official Anthropic client, which adds `/v1` itself. */
  origin: string;
  bill(): Bill;
  /** All requests to model routes, in order of arrival; entries of open requests change until they are closed. */
  log: readonly LogEntry[];
  /** The last 100 of them with headers and body. */
  received: readonly Received[];
  /** Sockets open now: back to its baseline when nothing leaks. */
  openSockets(): Promise<number>;
  /** Replaces the behaviour of requests that do not say otherwise. Throws when a field is unknown or wrong. */
  set(profile: Directive): void;
  close(): Promise<void>;
}

const wires: readonly StubWire[] = [chat, responses, messages, embeddings];

export interface StubOptions extends StubExtras {
  /** 0 or absent: any free one. */
  port?: number;
  /** Changes every made-up answer. */
  seed?: number;
}

/** Starts the stub on a loopback port. */
export async function startStubProvider(options: StubOptions = {}): Promise<StubProvider> {
  const books = new StubBooks(options.seed ?? 0, options);
  const server = http.createServer({ keepAliveTimeout: 120_000 }, (req, res) => receive(books, req, res));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', 4096, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stub provider listens on no port');
  const origin = `http://127.0.0.1:${address.port}`;
  return {
    url: `${origin}/v1`,
    origin,
    bill: () => billOf(books.lines),
    log: books.log,
    received: books.received,
    openSockets: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, sockets) => (error ? reject(error) : resolve(sockets)));
      }),
    set: (profile) => {
      books.profile = parseDirective(profile);
    },
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

function receive(books: StubBooks, req: http.IncomingMessage, res: http.ServerResponse): void {
  const path = (req.url ?? '/').replace(/\?.*$/, '');
  const wire = req.method === 'POST' ? wires.find((each) => each.path === path) : undefined;
  const id = wire ? books.nextId(wire.id_prefix) : '';
  const connection = wire && watchConnection(res, id, path);
  if (connection) books.log.push(connection.entry);
  const parts: Buffer[] = [];
  req.on('data', (part: Buffer) => parts.push(part));
  // A client that leaves amid its request is in the log, by the closed response.
  req.on('error', () => undefined);
  req.on('end', () => {
    const body = Buffer.concat(parts).toString();
    if (wire && connection) books.answer({ wire, id, body, req, res, connection });
    else answerAside(books, `${req.method} ${path}`, body, req, res);
  });
}

/** `tsx tools/simulate/stub-provider.ts --port 9100 --seed 0` */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' }, seed: { type: 'string' } } });
  const stub = await startStubProvider({ port: Number(values.port ?? 9100), seed: Number(values.seed ?? 0) });
  process.stdout.write(`stub provider on ${stub.url}\n`);
  const stop = () => void stub.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
