import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { type Usage, usageOfChat } from '../usage.ts';
import type { Edits, StreamEvent, StreamReader, Wire, WireAnswer, WireRequest } from './define.ts';
import { dataOf, errorOf, errorStatus, joined, objectsIn, plain_event, sse, textWithin } from './events.ts';
import {
  boundOf,
  choicesOf,
  flagOf,
  listOf,
  messagesOf,
  modelOf,
  newToolResults,
  optionsOf,
  toolNames,
} from './fields.ts';
import { PromptText } from './prompt.ts';
import { mayFetch, searchesOfChat } from './searches.ts';

/** Members that are no part of what the model reads, or are counted apart. */
const no_prompt = new Set([
  ...['model', 'messages', 'tools', 'functions', 'stream_options', 'metadata', 'user', 'service_tier', 'modalities'],
  ...['prompt_cache_key', 'prompt_cache_retention', 'safety_identifier', 'reasoning_effort', 'verbosity', 'logit_bias'],
]);

/** OpenAI's chat completions: https://platform.openai.com/docs/api-reference/chat */
export const chat: Wire = {
  name: 'chat',
  dialect: 'openai',
  path: '/chat/completions',
  readRequest,
  edits,
  readAnswer,
  streamReader: (request) => new ChatReader(request),
  errorBody: (problem) => ({ error: errorOf(problem) }),
  // No [DONE] follows: the official client would take it for a complete answer if it had not raised the error before.
  errorEvents: (problem) => sse({ error: errorOf(problem) }),
};

function readRequest(body: JsonObject): WireRequest {
  const prompt = new PromptText();
  const messages = messagesOf(body);
  prompt.messages = messages.length;
  prompt.add(messages);
  const tools = listOf(body, 'tools');
  const functions = listOf(body, 'functions');
  for (const definition of [...tools, ...functions]) prompt.addJson(definition);
  prompt.addOthers(body, no_prompt);
  const model = modelOf(body);
  const searches = searchesOfChat(body, model, tools);
  if (mayFetch(tools, searches)) prompt.addUnseen();
  const stream = flagOf(body, 'stream');
  // Providers differ in which of the two fields they obey, so the larger one is the bound.
  const bounds = [boundOf(body, 'max_completion_tokens'), boundOf(body, 'max_tokens')].filter((n) => n !== null);
  return {
    model,
    stream,
    max_output_tokens: bounds.length > 0 ? Math.max(...bounds) : null,
    choices: choicesOf(body),
    wants_usage_chunk: stream && flagOf(optionsOf(body, 'stream_options'), 'include_usage'),
    prompt: prompt.size(),
    tools: toolNames(tools, functions),
    tool_results: newToolResults(messages, resultsIn),
    searches,
  };
}

const resultsIn = ({ role }: JsonObject) =>
  role === 'assistant' ? null : role === 'tool' || role === 'function' ? 1 : 0;

function edits(
  body: JsonObject,
  change: { model: string; max_output_tokens: number | null; include_usage: boolean },
): Edits {
  const edits: Edits = {};
  if (body.model !== change.model) edits.model = change.model;
  if (change.max_output_tokens !== null) {
    const used = ['max_completion_tokens', 'max_tokens'].filter((name) => typeof body[name] === 'number');
    for (const name of used.length > 0 ? used : [boundField(change.model)]) edits[name] = change.max_output_tokens;
  }
  if (change.include_usage && body.stream === true) {
    edits.stream_options = { ...optionsOf(body, 'stream_options'), include_usage: true };
  }
  return edits;
}

/**
 * The field that a model obeys: OpenAI's reasoning models refuse `max_tokens`, and servers that only follow OpenAI's
 * format may not know `max_completion_tokens` (https://platform.openai.com/docs/api-reference/chat/create).
 */
function boundField(model: string): 'max_completion_tokens' | 'max_tokens' {
  const name = model.slice(model.lastIndexOf('/') + 1);
  return /^(?:ft:)?(?:o\d|gpt-[5-9]|gpt-\d{2}|codex)/.test(name) ? 'max_completion_tokens' : 'max_tokens';
}

function readAnswer(body: JsonObject): WireAnswer {
  const texts = objectsIn(body.choices).map(({ message }) => (isObject(message) ? messageText(message) : ''));
  return { usage: usageOfChat(body.usage), text: texts.join('') };
}

/**
 * The generated text of a message or of a delta: content, reasoning, refusal, and what is called with what. Routers tell
 * reasoning in several members at once, so others count only where these say nothing.
 */
function messageText(message: JsonObject): string {
  const { content } = message;
  let text = joined(message.reasoning_content ?? message.reasoning, message.refusal);
  text += typeof content === 'string' ? content : textWithin(content);
  if (message.tool_calls)
    for (const call of objectsIn(message.tool_calls)) text += calledText(call.function, call.custom);
  if (message.function_call) text += calledText(message.function_call);
  if (isObject(message.audio)) text += joined(message.audio.transcript);
  return text === '' ? textWithin(message) : text;
}

function calledText(...calls: (Json | undefined)[]): string {
  return calls.reduce<string>(
    (all, call) => all + (isObject(call) ? joined(call.name, call.arguments, call.input) : ''),
    '',
  );
}

class ChatReader implements StreamReader {
  readonly #wants_usage: boolean;
  readonly #has_several: boolean;
  readonly #unfinished = new Set<unknown>();
  readonly #finished = new Set<unknown>();

  constructor({ wants_usage_chunk, choices }: Pick<WireRequest, 'wants_usage_chunk' | 'choices'>) {
    this.#wants_usage = wants_usage_chunk;
    this.#has_several = choices > 1;
  }

  /** Some servers of this format close without `[DONE]`, and the official client takes their answer for whole. */
  get all_finished(): boolean {
    return this.#finished.size > 0 && this.#unfinished.size === 0;
  }

  read({ data }: { event: string | undefined; data: string }): StreamEvent {
    if (data.startsWith('[DONE]')) return { ...plain_event, done: true };
    const chunk = dataOf(data);
    if (chunk === null) return plain_event;
    if (chunk.error) return { ...plain_event, failed: true, ...errorStatus(chunk.error) };
    const { choices } = chunk;
    const said = this.#said(Array.isArray(choices) ? choices : []);
    if (!isObject(chunk.usage)) return { ...said, forward: true, done: false, failed: false };
    const is_usage_chunk = Array.isArray(choices) && choices.length === 0;
    const forward = this.#wants_usage || !is_usage_chunk;
    const usage: Usage | null = usageOfChat(chunk.usage);
    return { ...said, forward, done: false, failed: false, ...(usage && { usage }) };
  }

  #said(choices: readonly Json[]): Pick<StreamEvent, 'text' | 'by_answer'> {
    let text = '';
    const by_answer = this.#has_several ? new Map<number, string>() : undefined;
    for (const choice of choices) {
      if (!isObject(choice)) continue;
      this.#note(choice);
      if (!isObject(choice.delta)) continue;
      const more = messageText(choice.delta);
      text += more;
      const answer = Number(choice.index ?? 0);
      if (more !== '') by_answer?.set(answer, (by_answer.get(answer) ?? '') + more);
    }
    return by_answer ? { text, by_answer } : { text };
  }

  /** A choice that has finished stays so, whatever empty chunks follow. */
  #note({ index = 0, finish_reason }: JsonObject): void {
    if (typeof finish_reason === 'string' && finish_reason !== '') {
      this.#finished.add(index);
      this.#unfinished.delete(index);
    } else if (!this.#finished.has(index)) this.#unfinished.add(index);
  }
}
