import http from 'node:http';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isObject, type JsonObject } from '@aos/core/base/json.ts';
import { hashOf, planAnswer } from './stub/answer.ts';
import { type Bill, type BillLine, billOf } from './stub/bill.ts';
import { chat } from './stub/chat.ts';
import { type LogEntry, type Received, watchConnection } from './stub/connections.ts';
import { sendPlain, sendStream } from './stub/deliver.ts';
import { type Directive, parseDirective, readDirective } from './stub/directive.ts';
import { embeddings } from './stub/embeddings.ts';
import { errorBody, errorMessage } from './stub/errors.ts';
import { messages } from './stub/messages.ts';
import { responses } from './stub/responses.ts';
import { Refusal, type StubWire } from './stub/wire.ts';

/** A provider of models on loopback that keeps its own bill: the other side of every statement about cost. */
export interface StubProvider {
  /** Base URL of the OpenAI kind: `http://127.0.0.1:PORT/v1`. */
  url: string;
  /** Base URL for the official Anthropic client, which adds `/v1` itself. */
  origin: string;
  bill(): Bill;
  /** All requests to model routes, in order of arrival. */
  log: readonly LogEntry[];
  /** The last 100 requests as they arrived. */
  received: readonly Received[];
  /** Sockets open now: back to its baseline when nothing leaks. */
  openSockets(): Promise<number>;
  /** Replaces the behaviour of requests that do not say otherwise. */
  set(profile: Directive): void;
  close(): Promise<void>;
}

const wires: readonly StubWire[] = [chat, responses, messages, embeddings];
const kept_requests = 100;
const models = ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'text-embedding-3-small'];

/** Starts the stub. `port` 0 or absent: any free one. `seed` changes every made-up answer. */
export async function startStubProvider(options: { port?: number; seed?: number } = {}): Promise<StubProvider> {
  const books = new StubBooks(options.seed ?? 0);
  const server = http.createServer({ keepAliveTimeout: 120_000 }, (req, res) => {
    const path = (req.url ?? '/').replace(/\?.*$/, '');
    const wire = req.method === 'POST' ? wires.find((each) => each.path === path) : undefined;
    const parts: Buffer[] = [];
    const id = books.nextId(wire?.id_prefix ?? 'req_');
    const connection = wire && watchConnection(req, res, id, path);
    if (connection) books.log.push(connection.entry);
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('error', () => undefined);
    req.on('end', () => {
      const body = Buffer.concat(parts).toString();
      if (wire && connection) books.answer(wire, id, body, req, res, connection);
      else side(books, `${req.method} ${path}`, body, req, res);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', 4096, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stub has no port');
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

/** Everything the stub remembers. */
class StubBooks {
  readonly lines: BillLine[] = [];
  readonly log: LogEntry[] = [];
  readonly received: Received[] = [];
  profile: Directive = {};
  readonly #seed: number;
  readonly #failures = new Map<string, number>();
  #ids = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  nextId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}stub${String(this.#seed).padStart(4, '0')}${String(this.#ids).padStart(16, '0')}`;
  }

  /** Every request that arrived whole gets a line in the bill, refused ones included. */
  answer(
    wire: StubWire,
    id: string,
    text: string,
    req: http.IncomingMessage,
    res: http.ServerResponse,
    connection: ReturnType<typeof watchConnection>,
  ): void {
    const line: BillLine = { id, model: '', wire: wire.name, input_tokens: 0, output_tokens: 0, outcome: 'cut', usage_sent: false };
    this.lines.push(line);
    this.received.push({ id, path: wire.path, headers: plainHeaders(req), body: text });
    if (this.received.length > kept_requests) this.received.shift();
    res.setHeader(wire.dialect === 'anthropic' ? 'request-id' : 'x-request-id', id);
    try {
      const body = parseBody(text);
      const request = wire.read(body);
      line.model = request.model;
      const directive = { ...this.profile, ...readDirective(request.question) };
      this.#failWhenAsked(directive, request.prompt);
      const plan = planAnswer(wire, request, directive, this.#seed);
      Object.assign(plan.answer, { id, created_s: Math.floor(Date.now() / 1000) });
      const exchange = { res, connection, line, request, directive, plan };
      if (request.stream && wire.script) sendStream(exchange, wire.script(plan.answer, request, body));
      else sendPlain(exchange, JSON.stringify(wire.plain(plan.answer, body)));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      line.outcome = 'error';
      connection.markFirstByte();
      sendJson(res, error.status, errorBody(wire.dialect, error, id));
    }
  }

  #failWhenAsked({ error, error_times }: Directive, prompt: string): void {
    if (error === undefined) return;
    const failed = this.#failures.get(prompt) ?? 0;
    if (error_times !== undefined && failed >= error_times) return;
    if (error_times !== undefined) this.#failures.set(prompt, failed + 1);
    throw new Refusal(error, errorMessage(error));
  }
}
