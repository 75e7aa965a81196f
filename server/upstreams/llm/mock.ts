import { randomBytes } from 'node:crypto';
import type { WireName, WireRequest } from '@aos/core/activity/wires/define.ts';
import { wires } from '@aos/core/activity/wires/index.ts';
import { Problem } from '@aos/core/base/error.ts';
import { type JsonObject, parseBody } from '@aos/core/base/json.ts';
import { type LlmUpstream, UpstreamFailure, type UpstreamQuestion, type UpstreamRequest } from './define.ts';
import { Exchange } from './exchange.ts';
import { answerOf } from './mock-answer.ts';
import { mockChat } from './mock-chat.ts';
import { mockEmbeddings } from './mock-embeddings.ts';
import type { MockForm } from './mock-form.ts';
import { mockMessages } from './mock-messages.ts';
import { type MockModel, mock_embedding_model, mock_model_names, mockModel } from './mock-models.ts';
import { mockResponses } from './mock-responses.ts';

const forms: Record<Exclude<WireName, 'embeddings'>, MockForm> = {
  chat: mockChat,
  responses: mockResponses,
  messages: mockMessages,
};

/** The built-in provider: no key, no network; it answers like the real ones, at a steady pace. */
export const mock: LlmUpstream = {
  kind: 'mock',
  wires: ['chat', 'responses', 'messages', 'embeddings'],
  open: async (_, request) => new Player(request, playOf(request)).exchange.response,
  models: async (_, question) =>
    new Player(question, json(200, { data: mock_model_names.map((id) => ({ id })) })).exchange.response,
};

/** What is played: an answer in pieces, each after its delay. */
interface Play {
  status: number;
  headers: Record<string, string>;
  first_ms: number;
  pieces: Iterator<string>;
  piece_ms: number;
  /** After this many pieces the connection breaks. */
  cut_after?: number;
}

/** Plays one answer into an exchange: one timer at a time, none after the end. */
class Player {
  readonly exchange: Exchange;
  #timer: NodeJS.Timeout | undefined;
  readonly #play: Play;
  #played = 0;

  constructor(request: UpstreamQuestion, play: Play) {
    this.#play = play;
    const { deadlines, signal } = request;
    this.exchange = new Exchange(
      { deadlines, signal, max_bytes: Number.MAX_SAFE_INTEGER, peer: 'the mock provider' },
      { resume: () => this.#schedule(), stop: () => clearTimeout(this.#timer) },
    );
    if (this.exchange.is_over) return;
    this.exchange.sending();
    this.#timer = setTimeout(() => {
      this.exchange.answer(play.status, play.headers);
      this.#step();
    }, play.first_ms);
  }

  #schedule(): void {
    if (!this.exchange.is_over) this.#timer = setTimeout(() => this.#step(), this.#play.piece_ms);
  }

  #step(): void {
    if (this.#played === this.#play.cut_after) {
      this.exchange.fail(new UpstreamFailure('reset', true, 'The connection to the mock provider broke.'));
      return;
    }
    const { done, value } = this.#play.pieces.next();
    this.#played++;
    if (done) this.exchange.end();
    else if (this.exchange.chunk(Buffer.from(value))) this.#schedule();
  }
}

function playOf(request: UpstreamRequest): Play {
  const { wire } = request;
  try {
    const body = parseBody(request.body);
    const read = wires[wire].readRequest(body);
    const model = mockModel(read.model);
    if (wire === 'embeddings') {
      if (read.model === mock_embedding_model) return json(200, mockEmbeddings(read.model, read, body));
    } else if (model) {
      return answered(model, wire, read, body, request.sent_at_ms);
    }
    const known = `It has ${mock_model_names.join(', ')}.`;
    throw new Problem('model_not_found', `The mock provider has no model "${read.model}" for ${wire}. ${known}`);
  } catch (error) {
    if (error instanceof Problem) return json(error.status, wires[wire].errorBody(error));
    throw error;
  }
}

function answered(
  model: MockModel,
  wire: keyof typeof forms,
  read: WireRequest,
  body: JsonObject,
  sent_at_ms: number,
): Play {
  if (model.fails === 'error_500') return failure(wire, 500, 'api_error', 'The server had an error. Try again later.');
  if (model.fails === 'rate_limited') {
    const play = failure(wire, 429, 'rate_limit_error', 'Rate limit reached for requests. Try again in 2 s.');
    return { ...play, headers: { ...play.headers, 'retry-after': '2' } };
  }
  const answer = answerOf(model, wire, read, body);
  const stamp = { id: randomBytes(16).toString('hex'), created_s: Math.floor(sent_at_ms / 1000), body };
  const { first_ms, chunk_ms } = model;
  if (!read.stream) {
    const play = json(200, forms[wire].plain(answer, stamp));
    const endless = answer.choices.filter(({ finish }) => finish === 'length');
    const tokens = endless.reduce((sum, choice) => sum + choice.output_tokens, 0);
    const generating_ms = model.is_slow_when_plain ? tokens * chunk_ms : 0;
    return { ...play, first_ms: first_ms + generating_ms, ...(model.fails === 'cut' && { cut_after: 1 }) };
  }
  const pieces = forms[wire].events(answer, stamp);
  const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
  const play = { status: 200, headers: withId(headers), first_ms, pieces, piece_ms: chunk_ms };
  return model.fails === 'cut' ? { ...play, cut_after: 8 } : play;
}

/** A plain answer, in two halves so that a connection can break between them. */
function json(status: number, body: JsonObject): Play {
  const text = JSON.stringify(body);
  const half = Math.floor(text.length / 2);
  const pieces = [text.slice(0, half), text.slice(half)].values();
  return { status, headers: withId({ 'content-type': 'application/json' }), first_ms: 0, pieces, piece_ms: 0 };
}

function failure(wire: WireName, status: number, type: string, message: string): Play {
  const error = { type, message };
  if (wires[wire].dialect === 'anthropic') return json(status, { type: 'error', error });
  return json(status, { error: { ...error, param: null, code: null } });
}

function withId(headers: Record<string, string>): Record<string, string> {
  const id = `req_${randomBytes(12).toString('hex')}`;
  return { ...headers, 'x-request-id': id, 'request-id': id };
}
