import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic, { type ClientOptions as AnthropicOptions } from '@anthropic-ai/sdk';
import type { JsonObject } from '@aos/core/base/json.ts';
import OpenAI, { type ClientOptions as OpenAIOptions } from 'openai';

/** Where a server listens; a `ServerProcess` is one. */
export interface ServerAddress {
  url: string;
  admin_key?: string;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  /** Parsed when it is JSON; else the text itself. */
  body: T;
  text: string;
}

export interface RequestOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Every answer comes back, errors too: the test says which status it expects. The type of a body is the test's claim. */
export interface Api {
  url: string;
  key: string | null;
  get<T = JsonObject>(path: string, options?: RequestOptions): Promise<Answer<T>>;
  post<T = JsonObject>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>>;
  put<T = JsonObject>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>>;
  del<T = JsonObject>(path: string, options?: RequestOptions): Promise<Answer<T>>;
}

/** Paths are whole (`/api/v1/policies`). Without `key` the server's admin key is used; null sends none. */
export function api(server: ServerAddress, key: string | null = server.admin_key ?? null): Api {
  const send = async <T>(method: string, path: string, body: unknown, options: RequestOptions = {}) => {
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(options.signal && { signal: options.signal }),
    });
    const text = await answer.text();
    const is_json = /\bjson\b/.test(answer.headers.get('content-type') ?? '') && text !== '';
    const parsed: unknown = is_json ? JSON.parse(text) : text;
    return { status: answer.status, headers: answer.headers, body: parsed as T, text };
  };
  return {
    url: server.url,
    key,
    get: (path, options) => send('GET', path, undefined, options),
    post: (path, body, options) => send('POST', path, body, options),
    put: (path, body, options) => send('PUT', path, body, options),
    del: (path, options) => send('DELETE', path, undefined, options),
  };
}

export interface PolicyBody extends JsonObject {
  id: string;
  status: string;
}

/** A draft that is active when this resolves. */
export async function makePolicy(
  client: Api,
  document: object,
  activation: { reason?: string; mode?: 'enforce' | 'shadow' } = {},
): Promise<PolicyBody> {
  const { id } = expectStatus(201, await client.post<PolicyBody>('/api/v1/policies', document));
  const body = { reason: 'needed by a test', ...activation };
  return expectStatus(200, await client.post<PolicyBody>(`/api/v1/policies/${id}/activate`, body));
}

export interface KeyBody extends JsonObject {
  id: string;
  /** The key itself, shown this once. */
  secret: string;
}

export async function makeKey(client: Api, fields: object = {}): Promise<KeyBody> {
  return expectStatus(201, await client.post<KeyBody>('/api/v1/api-keys', { name: 'test key', ...fields }));
}

export interface ProviderFields {
  slug: string;
  kind: 'openai' | 'anthropic';
  base_url: string;
  secret: string;
  models?: string[];
}

export async function addProvider(client: Api, fields: ProviderFields): Promise<JsonObject> {
  return expectStatus(201, await client.post('/api/v1/providers', fields));
}

/** The body of an answer that must have this status; throws with the whole answer otherwise. */
export function expectStatus<T>(status: number, answer: Answer<T>): T {
  if (answer.status === status) return answer.body;
  throw new Error(`expected ${status}, got ${answer.status}: ${answer.text.slice(0, 2_000)}`);
}

/** Asks again until the condition holds (is neither false, null nor undefined), and gives what it said. */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeout_ms = 60_000, interval_ms = 25, what = 'the condition' } = {},
): Promise<Exclude<T, false | null | undefined>> {
  const until = Date.now() + timeout_ms;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) {
      return value as Exclude<T, false | null | undefined>;
    }
    if (Date.now() >= until) throw new Error(`${what} did not hold within ${timeout_ms} ms`);
    await sleep(interval_ms);
  }
}

/** The official client as a user would set it up; retries as it comes. */
export function openaiClient(server: ServerAddress, key: string, options: OpenAIOptions = {}): OpenAI {
  return new OpenAI({ baseURL: `${server.url}/v1`, apiKey: key, ...options });
}

/** The official client; sends the key as a bearer token. Pass `{ apiKey, authToken: null }` for `x-api-key`. */
export function anthropicClient(server: ServerAddress, key: string, options: AnthropicOptions = {}): Anthropic {
  return new Anthropic({ baseURL: server.url, authToken: key, apiKey: null, ...options });
}

/** All events of a stream, in order. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const events: T[] = [];
  for await (const event of stream) events.push(event);
  return events;
}
