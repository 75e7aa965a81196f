import type { IncomingMessage, ServerResponse } from 'node:http';
import { isObject, type JsonObject } from '@aos/core/base/json.ts';
import { planAnswer } from './answer.ts';
import type { BillLine } from './bill.ts';
import type { Connection, LogEntry, Received } from './connections.ts';
import { afterDelay, sendPlain, sendStream } from './deliver.ts';
import { type Directive, readDirective } from './directive.ts';
import { errorBody, errorMessage } from './errors.ts';
import { Refusal, type StubRequest, type StubWire } from './wire.ts';

/** One request to a model route, arrived whole. */
export interface Arrival {
  wire: StubWire;
  id: string;
  body: string;
  req: IncomingMessage;
  res: ServerResponse;
  connection: Connection;
}

/** What a test adds to the stub's own behaviour. */
export interface StubExtras {
  /** The text of the answer to a prompt (all its text), where one was recorded; a directive's `text` is stronger. */
  recorded?: (model: string, prompt: string) => string | undefined;
  /** Told of every labelled request that arrived whole, before anything of the answer is made; the answer waits for it. */
  witness?: (label: string) => Promise<void>;
}

interface Asked {
  arrival: Arrival;
  line: BillLine;
  body: JsonObject;
  request: StubRequest;
  directive: Directive;
}

const kept_requests = 100;

/** Everything the stub remembers, and the one way to an answer: what is not in these books was not served. */
export class StubBooks {
  readonly lines: BillLine[] = [];
  readonly log: LogEntry[] = [];
  readonly received: Received[] = [];
  profile: Directive = {};
  readonly #seed: number;
  readonly #extras: StubExtras;
  readonly #failures = new Map<string, number>();
  #ids = 0;

  constructor(seed: number, extras: StubExtras = {}) {
    this.#seed = seed;
    this.#extras = extras;
  }

  nextId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}stub${String(this.#seed).padStart(4, '0')}${String(this.#ids).padStart(16, '0')}`;
  }

  /** Every request gets a line in the bill, refused ones included. */
  answer(arrival: Arrival): void {
    const { wire, id, body, req, res } = arrival;
    const line: BillLine = {
      id,
      model: '',
      wire: wire.name,
      input_tokens: 0,
      output_tokens: 0,
      outcome: 'cut',
      usage_sent: false,
    };
    this.lines.push(line);
    this.received.push({ id, path: wire.path, headers: plainHeaders(req), body });
    if (this.received.length > kept_requests) this.received.shift();
    res.setHeader(wire.dialect === 'anthropic' ? 'request-id' : 'x-request-id', id);
    try {
      const asked = this.#read(arrival, line);
      const { label } = asked.directive;
      const { witness } = this.#extras;
      if (witness && label !== undefined) void witness(label).then(() => this.#reply(asked));
      else this.#reply(asked);
    } catch (error) {
      refuse(arrival, line, error, 0);
    }
  }

  #read(arrival: Arrival, line: BillLine): Asked {
    const body = parseBody(arrival.body);
    const request = arrival.wire.read(body);
    line.model = request.model;
    const text = this.#extras.recorded?.(request.model, request.prompt);
    const directive = { ...this.profile, ...(text !== undefined && { text }), ...readDirective(request.question) };
    arrival.connection.entry.label = directive.label ?? null;
    return { arrival, line, body, request, directive };
  }

  #reply({ arrival, line, body, request, directive }: Asked): void {
    const { wire, id, res, connection } = arrival;
    try {
      this.#failWhenAsked(directive, request.prompt);
      const plan = planAnswer(wire, request, directive, this.#seed);
      Object.assign(plan.answer, { id, created_s: Math.floor(Date.now() / 1000) });
      const exchange = { res, connection, line, request, directive, plan };
      if (request.stream && wire.script) sendStream(exchange, wire.script(plan.answer, request, body));
      else sendPlain(exchange, JSON.stringify(wire.plain(plan.answer, body)));
    } catch (error) {
      refuse(arrival, line, error, directive.delay_ms);
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

function refuse({ wire, id, res, connection }: Arrival, line: BillLine, error: unknown, delay_ms?: number): void {
  if (!(error instanceof Refusal)) throw error;
  line.outcome = 'error';
  afterDelay(delay_ms, res, () => {
    connection.markFirstByte();
    sendJson(res, error.status, errorBody(wire.dialect, error, id));
  });
}

export function parseBody(text: string): JsonObject {
  try {
    const body: unknown = JSON.parse(text);
    if (isObject(body)) return body;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Refusal(400, 'We could not parse the JSON body of your request.');
}

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  const wait = status === 429 ? { 'retry-after': '1' } : {};
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...wait });
  res.end(text);
}

function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
