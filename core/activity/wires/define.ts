import type { Problem } from '../../base/error.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Usage } from '../usage.ts';

export type WireName = 'chat' | 'responses' | 'messages' | 'embeddings';

/** What governance needs to know of a request; everything else passes through untouched. */
export interface WireRequest {
  model: string;
  stream: boolean;
  /** The caller's own bound on output tokens per choice; null when the caller gave none, 0 for embeddings. */
  max_output_tokens: number | null;
  /** How many answers were asked for (`n`). */
  choices: number;
  /** The caller asked for the usage chunk of a stream; otherwise it is asked for and hidden. */
  wants_usage_chunk: boolean;
  prompt: PromptSize;
  /** Names of the tools offered to the model. */
  tools: string[];
  /** Results of tools that this call is the first to bring to the model. */
  tool_results: number;
  searches: Searches;
}

/** Web searches that a provider may run by itself while it answers, and bills one by one. */
export interface Searches {
  /** So many are billed whatever the usage says: models that search before every answer do not report it. */
  least: number;
  /** Null: the request sets no end to them. */
  most: number | null;
  /** The tool is the version before general availability, which is billed otherwise. */
  is_preview: boolean;
}

/** What an upper bound of the input tokens is computed from, before any tokenizer is asked. */
export interface PromptSize {
  /** UTF-8 bytes of all text of the prompt: messages, system text, tool definitions, schemas; no image data. */
  text_bytes: number;
  messages: number;
  images: number;
  /** PDFs in base64: what they become is more than their bytes tell. */
  pdfs: readonly string[];
  /** Parts that only point at content which lies elsewhere: no text of theirs can be counted. */
  unseen: number;
  /** The text itself, in order, for the exact count near a limit. */
  text: () => string;
}

/** Changes to top-level members of a JSON body; the bytes of everything else stay as they were. */
export type Edits = Record<string, unknown>;

/** What a finished (not streamed) answer says. */
export interface WireAnswer {
  usage: Usage | null;
  /** The generated text, all choices joined: what is counted when the provider reports no usage. */
  text: string;
  /** The answer says of itself that it came to nothing: an error behind a status that says nothing of it. */
  failed?: boolean;
}

/** One event of a stream as this wire understands it. */
export interface StreamEvent {
  /** Generated text in this event (content, reasoning, tool arguments): what is metered. */
  text: string;
  /** The same text by the answer it belongs to, where several come in one stream: no word goes on in another one. */
  by_answer?: ReadonlyMap<number, string>;
  /** The usage so far; absent when this event has none. */
  usage?: Usage;
  /** False for what the gateway asked for and the caller did not (the usage chunk). */
  forward: boolean;
  /** This event is the last one of a complete answer. */
  done: boolean;
  /** The provider reported an error in mid-stream. */
  failed: boolean;
  /** The status that its error would have come with as an answer, where the provider says so. */
  error_status?: number;
}

/** Reads the events of one stream in order; holds what it needs to add up usage over several events. */
export interface StreamReader {
  /** Every answer that began has said why it ended: a provider that ends the stream now has left only its last event out. */
  readonly all_finished?: boolean;
  /** Web searches that the provider has told of so far; absent: it tells of them in its usage alone. */
  readonly searches?: number;
  read(event: { event: string | undefined; data: string }): StreamEvent;
}

/** One HTTP dialect of a model provider: how to read it and how to speak errors in it. Pure. */
export interface Wire {
  name: WireName;
  /** Which kinds of provider speak it. */
  dialect: 'openai' | 'anthropic';
  /** Path below the provider's base URL, for example `/chat/completions`. */
  path: string;
  /** Throws a Problem `invalid_body` that says what is wrong, why, and what to do. */
  readRequest(body: JsonObject): WireRequest;
  /** The edits that make the request what is sent upstream. `max_output_tokens` null: leave the bound alone. */
  edits(body: JsonObject, change: { model: string; max_output_tokens: number | null; include_usage: boolean }): Edits;
  readAnswer(body: JsonObject): WireAnswer;
  streamReader(request: WireRequest): StreamReader;
  /** The JSON body of an error answer on this wire. */
  errorBody(problem: Problem): JsonObject;
  /** The bytes that end a running stream with an error: never a silent cut. `after`: the reader of that stream, for its ids. */
  errorEvents(problem: Problem, after?: StreamReader): string;
}
