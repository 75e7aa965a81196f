import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect } from 'vitest';
import type { ScriptedProvider } from '../../tools/simulate/scripted-provider.ts';
import { cannedProvider } from '../parts/canned-provider.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

/** A gateway, and the official clients before and behind it. `withGateway` starts the gateway. */

const logprobs = {
  content: [
    { token: 'Hi', logprob: -0.25, bytes: [72, 105], top_logprobs: [{ token: 'Hi', logprob: -0.25, bytes: null }] },
  ],
  refusal: null,
};
const with_logprobs = {
  ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm' },
  choices: [
    { index: 0, message: { role: 'assistant', content: 'Hi', refusal: null }, logprobs, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
};

const refusal = (message: string) => ({ message, type: 'invalid_request_error', code: 'x', param: 'y' });
const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const image_url = { url: `data:image/png;base64,${'A'.repeat(8 * 1024 * 1024)}` };
const answers = {
  logprobs: { body: with_logprobs },
  '400': { status: 400, body: { error: refusal('bad') } },
  '429': { status: 429, headers: { 'retry-after-ms': '5' }, body: { error: refusal('slow') } },
  picture: { body: `${chunk({ images: [{ type: 'image_url', image_url }] })}${chunk({}, 'stop')}data: [DONE]\n\n` },
};

export let gateway: Gateway;
export let canned: ScriptedProvider;

/** For the tests of the file that calls it. */
export function withGateway(): void {
  beforeAll(async () => {
    [gateway, canned] = await Promise.all([startGateway(), cannedProvider(answers)]);
  });
  afterAll(async () => {
    await gateway?.stop();
    await canned?.close();
  });
}

export const openaiDirect = (options: object = {}) =>
  new OpenAI({ baseURL: gateway.stub.url, apiKey: 'sk', ...options });
export const anthropicDirect = (options: object = {}) =>
  new Anthropic({ baseURL: gateway.stub.origin, apiKey: 'sk', authToken: null, ...options });

/** What the client makes of an answer, without what the stub makes anew for each request. */
export const comparable = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer).replace(/(_|-)(01)?stub\d{20}/g, '$1id'), (name, value) =>
    name === 'created' || name === 'created_at' ? 0 : value,
  );

/** The same call to the provider itself and through the gateway: the client must not see a difference. */
async function same<Client>(
  direct: Client,
  ours: Client,
  call: (client: Client) => Promise<unknown>,
): Promise<unknown> {
  const [there, here] = [await call(direct), await call(ours)];
  expect(comparable(here)).toEqual(comparable(there));
  return comparable(here);
}

export const onOpenai = (call: (client: OpenAI) => Promise<unknown>) => same(openaiDirect(), gateway.openai(), call);
export const onAnthropic = (call: (client: Anthropic) => Promise<unknown>) =>
  same(anthropicDirect(), gateway.anthropic(), call);

export const pixel =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const weather = {
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
};
export const tools = [{ type: 'function' as const, function: weather }];
export const claude_tools = [
  { name: weather.name, description: weather.description, input_schema: { type: 'object' as const } },
];
export const model = 'gpt-4o-mini';
export const claude = 'claude-opus-4-6';
