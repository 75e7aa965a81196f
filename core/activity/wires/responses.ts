import type { Problem } from '../../base/error.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { usageOfResponses, withSearches } from '../usage.ts';
import type { Edits, StreamEvent, StreamReader, Wire, WireAnswer, WireRequest } from './define.ts';
import { dataOf, errorOf, joined, objectsIn, plain_event, sse } from './events.ts';
import { boundOf, flagOf, listOf, modelOf, newToolResults, refuseField, toolNames } from './fields.ts';
import { PromptText } from './prompt.ts';
import { mayFetch, searchesIn, searchesOfResponses } from './searches.ts';

/** Members that are no part of what the model reads, or are counted apart. */
const no_prompt = new Set([
  ...['model', 'input', 'instructions', 'tools', 'previous_response_id', 'conversation', 'metadata', 'user', 'include'],
  ...['service_tier', 'prompt_cache_key', 'prompt_cache_retention', 'safety_identifier', 'reasoning', 'truncation'],
]);

/** OpenAI's responses: https://platform.openai.com/docs/api-reference/responses */
export const responses: Wire = {
  name: 'responses',
  dialect: 'openai',
  path: '/responses',
  readRequest,
  edits,
  readAnswer,
  streamReader: () => new ResponsesReader(),
  errorBody: (problem) => ({ error: errorOf(problem) }),
  errorEvents,
};

function readRequest(body: JsonObject): WireRequest {
  if (flagOf(body, 'background')) {
    const why = 'A background answer is produced and billed after this call has ended, where no limit could stop it.';
    refuseField('background', 'false', body.background, why);
  }
  const prompt = new PromptText();
  const input = inputOf(body);
  const items = Array.isArray(input) ? input : [input];
  prompt.messages = items.length + (body.instructions ? 1 : 0);
  prompt.add(body.instructions);
  prompt.add(items);
  for (const held of [body.previous_response_id, body.conversation, body.prompt]) if (held) prompt.addUnseen();
  const tools = listOf(body, 'tools');
  for (const definition of tools) prompt.addJson(definition);
  const searches = searchesOfResponses(tools, body.max_tool_calls);
  if (mayFetch(tools, searches)) prompt.addUnseen();
  prompt.addOthers(body, no_prompt);
  return {
    model: modelOf(body),
    stream: flagOf(body, 'stream'),
    max_output_tokens: boundOf(body, 'max_output_tokens'),
    choices: 1,
    // Usage is part of the last event of this wire; nothing is asked for and nothing hidden.
    wants_usage_chunk: true,
    prompt: prompt.size(),
    tools: toolNames(tools),
    tool_results: newToolResults(items, resultsIn),
    searches,
  };
}

/** What the model said, called or thought is its own; messages of others and results are the caller's. */
function resultsIn({ type, role }: JsonObject): number | null {
  if (typeof type === 'string' && type.endsWith('_call_output')) return 1;
  const is_of_caller = (type === 'message' || type === undefined) && role !== 'assistant';
  return is_of_caller ? 0 : null;
}

/** A stored prompt, named by `prompt`, may stand in for the input. */
function inputOf(body: JsonObject): Json {
  const { input } = body;
  if (typeof input === 'string' || Array.isArray(input)) return input;
  if (input === undefined && isObject(body.prompt)) return [];
  refuseField('input', 'a string or an array of items', input, 'Send the prompt: {"input": "…"}.');
}

function edits(body: JsonObject, change: { model: string; max_output_tokens: number | null }): Edits {
  const edits: Edits = {};
  if (body.model !== change.model) edits.model = change.model;
  if (change.max_output_tokens !== null) edits.max_output_tokens = change.max_output_tokens;
  return edits;
}

function readAnswer(body: JsonObject): WireAnswer {
  const items = objectsIn(body.output);
  return {
    usage: withSearches(usageOfResponses(body.usage), searchesIn(items)),
    text: items.map(itemText).join(''),
    failed: body.status === 'failed' || body.status === 'cancelled',
  };
}

/** The generated text of an output item: message, reasoning, or what is called with what. */
function itemText(item: JsonObject): string {
  const parts = [...objectsIn(item.summary), ...objectsIn(item.content)];
  const said = parts.map((part) => joined(part.text, part.refusal)).join('');
  return said + joined(item.name, item.arguments, item.input, item.code);
}

class ResponsesReader implements StreamReader {
  /** The response as last reported, and the number of the last event: what a failure has to continue. */
  response: JsonObject = {};
  last_number = -1;
  searches = 0;

  read({ event, data }: { event: string | undefined; data: string }): StreamEvent {
    const message = dataOf(data);
    if (message === null) return event === 'error' ? { ...plain_event, failed: true } : plain_event;
    const { type, sequence_number } = message;
    this.last_number = typeof sequence_number === 'number' ? sequence_number : this.last_number + 1;
    if (typeof type !== 'string') return message.error ? { ...plain_event, failed: true } : plain_event;
    // Text, refusals, reasoning, arguments, code: every delta but sound and pictures, which are not text.
    if (type.endsWith('.delta')) {
      const text = type === 'response.audio.delta' ? '' : joined(message.delta);
      return { text, forward: true, done: false, failed: false };
    }
    if (isObject(message.response)) this.response = message.response;
    switch (type) {
      case 'response.output_item.added':
        return { ...plain_event, text: isObject(message.item) ? joined(message.item.name) : '' };
      case 'response.output_item.done':
        if (isObject(message.item)) this.searches += searchesIn([message.item]);
        return plain_event;
      case 'response.completed':
      case 'response.incomplete':
        return this.#ended({ done: true });
      case 'response.failed':
      case 'response.cancelled':
        return this.#ended({ failed: true });
      case 'error':
        return { ...plain_event, failed: true };
      default:
        return plain_event;
    }
  }

  #ended(how: Partial<StreamEvent>): StreamEvent {
    const told = Math.max(this.searches, searchesIn(objectsIn(this.response.output)));
    const usage = withSearches(usageOfResponses(this.response.usage), told);
    return { ...plain_event, ...how, ...(usage && { usage }) };
  }
}

/**
 * `response.failed` for clients that keep the response object, then `error` for those that raise: the official client
 * raises at any event whose data has `error` (openai 6.49, core/streaming.js). After events of a running stream their
 * reader makes both continue it, with its response and its numbers.
 */
function errorEvents(problem: Problem, after?: StreamReader): string {
  const seen = after instanceof ResponsesReader ? after : new ResponsesReader();
  const { code, message } = problem;
  const response: JsonObject = {
    ...{ id: 'resp_failed', object: 'response', created_at: 0, model: '', instructions: null, metadata: {} },
    ...{ parallel_tool_calls: true, temperature: null, tool_choice: 'auto', tools: [], top_p: null },
    ...seen.response,
    ...{ status: 'failed', error: { code, message }, incomplete_details: null, output: [], usage: null },
  };
  const number = seen.last_number + 1;
  return (
    sse({ type: 'response.failed', sequence_number: number, response }, 'response.failed') +
    sse({ type: 'error', sequence_number: number + 1, code, message, param: null, error: errorOf(problem) }, 'error')
  );
}
