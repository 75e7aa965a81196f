import type { Problem } from '../../base/error.ts';
import { isObject, type JsonObject } from '../../base/json.ts';
import { mergeMessagesUsage, usageOfMessages } from '../usage.ts';
import type { Edits, StreamEvent, StreamReader, Wire, WireAnswer, WireRequest } from './define.ts';
import { dataOf, errorOf, errorStatus, joined, objectsIn, plain_event, sse, textWithin } from './events.ts';
import { boundOf, flagOf, listOf, messagesOf, modelOf, newToolResults, refuseField, toolNames } from './fields.ts';
import { PromptText } from './prompt.ts';
import { mayFetch, searchesOfMessages } from './searches.ts';

/** Members that are no part of what the model reads, or are counted apart. */
const no_prompt = new Set([
  'model',
  'messages',
  'system',
  'tools',
  'metadata',
  'service_tier',
  'thinking',
  'stop_sequences',
]);

/** Anthropic's messages: https://platform.claude.com/docs/en/api/messages */
export const messages: Wire = {
  name: 'messages',
  dialect: 'anthropic',
  path: '/messages',
  readRequest,
  edits,
  readAnswer,
  streamReader: () => new MessagesReader(),
  errorBody,
  errorEvents: (problem) => sse(errorBody(problem), 'error'),
};

const resultsIn = ({ role, content }: JsonObject) =>
  role === 'assistant' ? null : objectsIn(content).filter(({ type }) => type === 'tool_result').length;

function readRequest(body: JsonObject): WireRequest {
  const prompt = new PromptText();
  const list = messagesOf(body);
  prompt.messages = list.length + (body.system ? 1 : 0);
  const { system } = body;
  if (system !== undefined && typeof system !== 'string' && !Array.isArray(system)) {
    refuseField(
      'system',
      'a string or an array of text blocks',
      system,
      'Send the system text, or leave the field out.',
    );
  }
  prompt.add(system);
  prompt.add(list);
  const tools = listOf(body, 'tools');
  for (const definition of tools) prompt.addJson(definition);
  const searches = searchesOfMessages(tools);
  if (mayFetch(tools, searches)) prompt.addUnseen();
  prompt.addOthers(body, no_prompt);
  // 0 reads the prompt into the provider's cache and generates nothing.
  const max_output_tokens = boundOf(body, 'max_tokens', 0);
  if (max_output_tokens === null) {
    refuseField(
      'max_tokens',
      'a whole number from 0',
      body.max_tokens,
      'This API needs a bound on the answer: {"max_tokens": 1024}.',
    );
  }
  return {
    model: modelOf(body),
    stream: flagOf(body, 'stream'),
    max_output_tokens,
    choices: 1,
    // Usage is part of every stream of this wire; nothing is asked for and nothing hidden.
    wants_usage_chunk: true,
    prompt: prompt.size(),
    tool_results: newToolResults(list, resultsIn),
    searches,
    tools: [...toolNames(tools), ...objectsIn(body.mcp_servers).map((server) => `mcp:${joined(server.name)}`)],
  };
}

function edits(body: JsonObject, change: { model: string; max_output_tokens: number | null }): Edits {
  const edits: Edits = {};
  if (body.model !== change.model) edits.model = change.model;
  if (change.max_output_tokens !== null) edits.max_tokens = change.max_output_tokens;
  return edits;
}

function readAnswer(body: JsonObject): WireAnswer {
  return { usage: usageOfMessages(body.usage), text: objectsIn(body.content).map(blockText).join('') };
}

/** The generated text of a content block; a tool's input counts as the JSON text the model wrote. */
function blockText(block: JsonObject): string {
  const { input } = block;
  const written = isObject(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : '';
  return joined(block.thinking, block.text, block.name) + written;
}

function errorBody(problem: Problem): JsonObject {
  const { type, code, message, details } = errorOf(problem);
  const error = { type, code, message, ...(details !== undefined && { details }) } as JsonObject;
  return { type: 'error', error };
}

class MessagesReader implements StreamReader {
  #usage: JsonObject = {};
  searches = 0;

  read({ event, data }: { event: string | undefined; data: string }): StreamEvent {
    const message = dataOf(data);
    if (message === null) return event === 'error' ? { ...plain_event, failed: true } : plain_event;
    switch (message.type) {
      case 'content_block_delta':
        return { text: deltaText(message.delta), forward: true, done: false, failed: false };
      case 'content_block_start':
        return this.#begun(isObject(message.content_block) ? message.content_block : {});
      case 'message_start':
        return this.#withUsage(isObject(message.message) ? message.message.usage : undefined);
      case 'message_delta':
        return this.#withUsage(message.usage);
      case 'message_stop':
        return { ...plain_event, done: true };
      case 'error':
        return { ...plain_event, failed: true, ...errorStatus(message.error) };
      default:
        return plain_event;
    }
  }

  /** A search that failed has an object instead of a list of results, and is not billed. */
  #begun(block: JsonObject): StreamEvent {
    if (block.type === 'web_search_tool_result' && Array.isArray(block.content)) this.searches++;
    return { ...plain_event, text: blockText(block) };
  }

  #withUsage(latest: unknown): StreamEvent {
    this.#usage = mergeMessagesUsage(this.#usage, latest);
    const usage = usageOfMessages(this.#usage);
    return usage ? { ...plain_event, usage } : plain_event;
  }
}

/** `text_delta`, `input_json_delta`, `thinking_delta`, `compaction_delta`; signatures and citations are not text. */
function deltaText(delta: unknown): string {
  if (!isObject(delta)) return '';
  return joined(delta.text, delta.partial_json, delta.thinking, delta.content) || textWithin(delta);
}
