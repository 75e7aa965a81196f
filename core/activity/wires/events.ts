import { type Problem, problemBody } from '../../base/error.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { StreamEvent } from './define.ts';

/** An event that says nothing to governance and travels on: a comment, a keep-alive, something unreadable. */
export const plain_event: StreamEvent = { text: '', forward: true, done: false, failed: false };

/** The JSON object in the data of an event; null when there is none. What cannot be read still travels on. */
export function dataOf(data: string): JsonObject | null {
  if (data === '') return null;
  try {
    const value: unknown = JSON.parse(data);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** A server-sent event as the providers write it. */
export function sse(data: JsonObject, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** What an error says on OpenAI's wires, as the value of `error`. */
export function errorOf(problem: Problem): JsonObject {
  return problemBody(problem).error as unknown as JsonObject;
}

/** The strings among some values, joined. */
export function joined(...values: (Json | undefined)[]): string {
  let text = '';
  for (const value of values) if (typeof value === 'string') text += value;
  return text;
}

/** Members of an answer that name, place, prove or picture something: no text that the model wrote. */
const no_text = new Set([
  ...['id', 'type', 'role', 'index', 'name', 'format', 'status', 'phase', 'object', 'model', 'finish_reason'],
  ...['signature', 'data', 'b64_json', 'encrypted_content', 'obfuscation', 'url', 'file_id', 'mime_type', 'media_type'],
  ...['annotations', 'citation', 'citations', 'logprobs'],
]);

/** The text anywhere within a member whose form nobody here knows: what a model wrote is counted wherever it stands. */
export function textWithin(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textWithin).join('');
  if (!isObject(value)) return '';
  return Object.entries(value).reduce((text, [name, of]) => (no_text.has(name) ? text : text + textWithin(of)), '');
}

/** The objects of a list; none when it is no list. */
export function objectsIn(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/**
 * Names of errors that pass by themselves, with the status they have as an answer: Anthropic's
 * (https://platform.claude.com/docs/en/api/errors), and the code of OpenAI's 429.
 */
const passing = new Map([
  ['overloaded_error', 529],
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
]);

/** The status in the `error` of an event: routers and vLLM write it as the code, others name the error. */
export function errorStatus(error: Json | undefined): Pick<StreamEvent, 'error_status'> {
  if (!isObject(error)) return {};
  const { code, type } = error;
  if (typeof code === 'number' && Number.isInteger(code) && code >= 400 && code < 600) return { error_status: code };
  const error_status = [type, code].map((name) => passing.get(String(name))).find((status) => status !== undefined);
  return error_status === undefined ? {} : { error_status };
}
