import { Problem } from '../../base/error.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';

/** The most answers one request may ask for: OpenAI's own maximum of `n`. */
const max_choices = 128;

/** The largest bound on output tokens that is taken: what fits the 32 bits of providers and leaves sums of it in 64. */
const max_bound = 2_147_483_647;

/** Refuses a request for one of its fields: what it must be, what it is, and what to do. */
export function refuseField(name: string, must: string, value: Json | undefined, remedy: string): never {
  const is = value === undefined ? 'is missing' : `is ${described(value)}`;
  throw new Problem('invalid_body', `"${name}" must be ${must}, but it ${is}. ${remedy}`);
}

/** In characters, as long as the names that policies compare it with. Indexes of the records hold it. */
const longest_model = 256;

export function modelOf(body: JsonObject): string {
  const { model } = body;
  const is_name = typeof model === 'string' && model.trim() !== '';
  if (is_name && model.length <= longest_model) return model;
  const must = is_name ? `the name of a model, at most ${longest_model} characters` : 'the name of a model';
  refuseField('model', must, model, 'GET /v1/models lists the names that can be called.');
}

/** A field that is `true`, `false`, or left out (null counts as left out). */
export function flagOf(body: JsonObject, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value === 'boolean') return value;
  refuseField(name, 'true or false', value, 'Send a JSON boolean, or leave the field out.');
}

/** A bound on output tokens: a whole number from `least` on, or null when left out. */
export function boundOf(body: JsonObject, name: string, least = 1): number | null {
  return countOf(body, name, least, max_bound);
}

/** How many answers are asked for. */
export function choicesOf(body: JsonObject): number {
  return countOf(body, 'n', 1, max_choices) ?? 1;
}

/** An object that may be left out. */
export function optionsOf(body: JsonObject, name: string): JsonObject {
  const value = body[name] ?? {};
  if (isObject(value)) return value;
  refuseField(name, 'an object', value, 'Send a JSON object, or leave the field out.');
}

/** An array that may be left out. */
export function listOf(body: JsonObject, name: string): Json[] {
  const value = body[name] ?? [];
  if (Array.isArray(value)) return value;
  refuseField(name, 'an array', value, 'Send a JSON array, or leave the field out.');
}

export function messagesOf(body: JsonObject): Json[] {
  const { messages } = body;
  if (Array.isArray(messages)) return messages;
  refuseField('messages', 'an array of messages', messages, 'Send [{"role": "user", "content": "…"}].');
}

/** The names under which tools are offered; those without a name (the provider's own) go by their type. */
export function toolNames(...lists: Json[][]): string[] {
  const tools = lists.flat();
  if (tools.length === 0) return [];
  const names = tools.map((tool) => {
    if (!isObject(tool)) return undefined;
    const { type, name } = tool;
    if (type === 'mcp' && typeof tool.server_label === 'string') return `mcp:${tool.server_label}`;
    const inner = isObject(tool.function) ? tool.function.name : isObject(tool.custom) ? tool.custom.name : undefined;
    return [name, inner, type].find((candidate) => typeof candidate === 'string');
  });
  return [...new Set(names.filter((name) => typeof name === 'string'))];
}

/**
 * The tool results that a call is the first to bring: those after the model's last turn, since every later call repeats
 * them before another turn of it. `resultsIn` tells how many one item holds, or null where it is the model's own.
 */
export function newToolResults(items: readonly Json[], resultsIn: (item: JsonObject) => number | null): number {
  let count = 0;
  for (let n = items.length - 1; n >= 0; n--) {
    const item = items[n];
    const results = isObject(item) ? resultsIn(item) : 0;
    if (results === null) break;
    count += results;
  }
  return count;
}

function countOf(body: JsonObject, name: string, least: number, max: number): number | null {
  const value = body[name] ?? null;
  if (value === null) return null;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= max) return value;
  refuseField(
    name,
    `a whole number from ${least} to ${max}`,
    value,
    'Send a JSON number in that range, or leave the field out.',
  );
}

function described(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return String(value);
  return value === ''
    ? 'an empty string'
    : `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
}
