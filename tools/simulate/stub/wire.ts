import { isObject, type Json, type JsonObject } from '@aos/core/base/json.ts';

/** An answer that is the provider's error. `param` names the field at fault. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly param: string | null;

  constructor(status: number, message: string, param: string | null = null) {
    super(message);
    this.status = status;
    this.param = param;
  }
}

/** What the stub needs to know of a request. */
export interface StubRequest {
  model: string;
  stream: boolean;
  /** A complete stream ends with the usage; on the chat wire only when the caller asks for it. */
  include_usage: boolean;
  max_tokens: number | null;
  choices: number;
  /** All text of the prompt: what input tokens are made up from. */
  prompt: string;
  /** Text of the last user message: where a directive stands. */
  question: string;
}

export interface StubAnswer {
  id: string;
  model: string;
  /** Seconds since 1970. */
  created_s: number;
  /** The tokens of every choice, as text. */
  pieces: string[][];
  finish: 'stop' | 'length';
  /** As the wire writes it; undefined: the answer has no usage. */
  usage: JsonObject | null | undefined;
}

/** The events of one stream. `chunk` and `tail` are called in order: some wires number their events. */
export interface StreamScript {
  head: string;
  chunk(choice: number, text: string): string;
  tail(): string;
  error(message: string): string;
}

/** Tokens as a bill counts them: cached input is input, reasoning is output. */
export interface Counts {
  input_tokens: number;
  output_tokens: number;
}

/** One dialect of a provider, from the provider's side. */
export interface StubWire {
  name: 'chat' | 'responses' | 'messages' | 'embeddings';
  path: string;
  dialect: 'openai' | 'anthropic';
  id_prefix: string;
  /** Throws Refusal 400, as the provider would. */
  read(body: JsonObject): StubRequest;
  usage(counts: Counts): JsonObject;
  counts(usage: JsonObject): Counts;
  plain(answer: StubAnswer, body: JsonObject): JsonObject;
  script?(answer: StubAnswer, request: StubRequest, body: JsonObject): StreamScript;
}

/** The text in a message's content, whichever of the forms it has: a string, a part, or a list of parts. */
export function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(textOf).join('');
  if (isObject(content) && typeof content.text === 'string') return content.text;
  return '';
}

export function readModel(body: JsonObject): string {
  if (typeof body.model === 'string' && body.model !== '') return body.model;
  throw new Refusal(400, 'you must provide a model parameter', 'model');
}

/** A token bound: absent is null, anything but a positive integer is refused. */
export function readBound(body: JsonObject, field: string): number | null {
  const value = body[field] ?? null;
  if (value === null) return null;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw new Refusal(400, `Invalid '${field}': expected an integer value of at least 1`, field);
}

/** Messages in order with their texts; throws Refusal when there are none. */
export function readMessages(value: Json | undefined, field: string): { role: string; text: string }[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new Refusal(400, `Invalid '${field}': expected a non-empty array`, field);
  }
  return value.map((item) => {
    const message = isObject(item) ? item : {};
    return { role: typeof message.role === 'string' ? message.role : '', text: textOf(message.content) };
  });
}

export const lastOfUser = (messages: readonly { role: string; text: string }[]): string =>
  messages.findLast(({ role }) => role === 'user')?.text ?? '';

/** A count of a usage object; what is no number counts as 0. */
export const countIn = (usage: JsonObject, field: string): number => {
  const value = usage[field];
  return typeof value === 'number' ? value : 0;
};

export const sse = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

export const namedSse = (data: { type: string; [field: string]: unknown }): string =>
  `event: ${data.type}\n${sse(data)}`;
