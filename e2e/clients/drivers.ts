import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { aosMiddleware } from '@aos/sdk/ai-sdk.ts';
import type { AOS } from '@aos/sdk/client.ts';
import { aosHandler } from '@aos/sdk/langchain.ts';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, streamText, wrapLanguageModel } from 'ai';
import OpenAI from 'openai';

/** One call as the user of a client makes it, with one retry allowed. */
export interface Asked {
  agent_id: string;
  prompt: string;
  model: string;
  stream: boolean;
  /** For whatever leaves the client: counted, and answered at once. */
  fetch: typeof fetch;
}

/** A client as it is set up by its own documentation: resolves to the text, or rejects with what its user catches. */
export interface Driver {
  title: string;
  /** How it is set up. */
  how: string;
  /** The calls go to their provider directly; what is asked of AOS before is a check. */
  checks_only: boolean;
  wire: 'openai' | 'anthropic';
  ask(asked: Asked): Promise<string>;
}

const max_tokens = 200;
const retries = 1;

/** `provider` is where calls go that do not pass the gateway. */
export function drivers(aos: AOS, provider: { url: string; key: string }): Driver[] {
  return [
    openai(aos),
    anthropic(aos),
    aiSdk(aos),
    langchain(aos),
    aiSdkChecked(aos, provider),
    langchainChecked(aos, provider),
  ];
}

const openai = (aos: AOS): Driver => ({
  title: '`openai`',
  how: '`new OpenAI(aos.openaiOptions({ agent_id }))`',
  checks_only: false,
  wire: 'openai',
  async ask({ agent_id, prompt, model, stream, fetch }) {
    const client = new OpenAI({ ...aos.openaiOptions({ agent_id }), fetch, maxRetries: retries });
    const asked = { model, max_tokens, messages: [{ role: 'user' as const, content: prompt }] };
    if (!stream) return (await client.chat.completions.create(asked)).choices[0]?.message.content ?? '';
    let text = '';
    for await (const { choices } of await client.chat.completions.create({ ...asked, stream: true }))
      text += choices[0]?.delta.content ?? '';
    return text;
  },
});

const anthropic = (aos: AOS): Driver => ({
  title: '`@anthropic-ai/sdk`',
  how: '`new Anthropic(aos.anthropicOptions({ agent_id }))`',
  checks_only: false,
  wire: 'anthropic',
  async ask({ agent_id, prompt, model, stream, fetch }) {
    const client = new Anthropic({ ...aos.anthropicOptions({ agent_id }), fetch, maxRetries: retries });
    const asked = { model, max_tokens, messages: [{ role: 'user' as const, content: prompt }] };
    if (!stream) return JSON.stringify((await client.messages.create(asked)).content);
    let text = '';
    for await (const event of await client.messages.create({ ...asked, stream: true }))
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    return text;
  },
});

async function askAiSdk(model: Parameters<typeof wrapLanguageModel>[0]['model'], { prompt, stream }: Asked) {
  const asked = { model, prompt, maxOutputTokens: max_tokens, maxRetries: retries };
  if (!stream) return (await generateText(asked)).text;
  let text = '';
  for await (const part of streamText({ ...asked, onError: () => undefined }).fullStream) {
    if (part.type === 'error') throw part.error;
    if (part.type === 'text-delta') text += part.text;
  }
  return text;
}

const aiSdk = (aos: AOS): Driver => ({
  title: 'Vercel AI SDK',
  how: '`createOpenAICompatible` with `aos.openaiOptions({ agent_id })`',
  checks_only: false,
  wire: 'openai',
  ask(asked) {
    const { baseURL, apiKey, defaultHeaders: headers } = aos.openaiOptions({ agent_id: asked.agent_id });
    const provider = createOpenAICompatible({ name: 'aos', baseURL, apiKey, headers, fetch: asked.fetch });
    return askAiSdk(provider(asked.model), asked);
  },
});

const aiSdkChecked = (aos: AOS, { url, key }: { url: string; key: string }): Driver => ({
  title: 'Vercel AI SDK, direct',
  how: '`wrapLanguageModel({ model, middleware: aosMiddleware(aos, { agent_id }) })`',
  checks_only: true,
  wire: 'openai',
  ask(asked) {
    const provider = createOpenAICompatible({ name: 'direct', baseURL: url, apiKey: key, fetch: asked.fetch });
    const middleware = aosMiddleware(aos, { agent_id: asked.agent_id });
    return askAiSdk(wrapLanguageModel({ model: provider(asked.model), middleware }), asked);
  },
});

async function askLangchain(model: ChatOpenAI, { prompt, stream }: Asked, options: object = {}): Promise<string> {
  if (!stream) return String((await model.invoke(prompt, options)).content);
  let text = '';
  for await (const chunk of await model.stream(prompt, options)) text += String(chunk.content);
  return text;
}

const langchain = (aos: AOS): Driver => ({
  title: 'LangChain',
  how: '`new ChatOpenAI({ configuration: aos.openaiOptions({ agent_id }) })`',
  checks_only: false,
  wire: 'openai',
  ask(asked) {
    const { apiKey, ...options } = aos.openaiOptions({ agent_id: asked.agent_id });
    const configuration = { ...options, fetch: asked.fetch };
    const { model } = asked;
    return askLangchain(
      new ChatOpenAI({ model, apiKey, maxTokens: max_tokens, maxRetries: retries, configuration }),
      asked,
    );
  },
});

const langchainChecked = (aos: AOS, { url, key }: { url: string; key: string }): Driver => ({
  title: 'LangChain, direct',
  how: '`model.invoke(input, { callbacks: [aosHandler(aos, { agent_id })] })`',
  checks_only: true,
  wire: 'openai',
  ask(asked) {
    const configuration = { baseURL: url, fetch: asked.fetch };
    const options = { model: asked.model, apiKey: key, maxTokens: max_tokens, maxRetries: retries, configuration };
    return askLangchain(new ChatOpenAI(options), asked, { callbacks: [aosHandler(aos, { agent_id: asked.agent_id })] });
  },
});
