import { type CallContext, headersOf } from './headers.ts';
import { currentRun } from './run-scope.ts';
import type { Settings } from './settings.ts';

/** `new OpenAI(aos.openaiOptions({ agent_id }))`: the official client, through the gateway. */
export interface OpenAIOptions {
  baseURL: string;
  apiKey: string;
  defaultHeaders: Record<string, string>;
  fetch: typeof fetch;
}

/** `new Anthropic(aos.anthropicOptions({ agent_id }))`. */
export interface AnthropicOptions {
  baseURL: string;
  apiKey: null;
  authToken: string;
  defaultHeaders: Record<string, string>;
  fetch: typeof fetch;
}

export function openaiOptions(settings: Settings, context: CallContext): OpenAIOptions {
  return {
    baseURL: `${settings.base_url}/v1`,
    apiKey: keyOf(settings),
    defaultHeaders: headersOf(context),
    fetch: inCurrentRun(settings),
  };
}

export function anthropicOptions(settings: Settings, context: CallContext): AnthropicOptions {
  return {
    baseURL: settings.base_url,
    apiKey: null,
    authToken: keyOf(settings),
    defaultHeaders: headersOf(context),
    fetch: inCurrentRun(settings),
  };
}

function keyOf({ api_key }: Settings): string {
  if (api_key !== null) return api_key;
  throw new TypeError('An API key is needed: pass api_key, or set AOS_API_KEY.');
}

/** One client for the whole program: what it sends inside `withRun` belongs to that run. */
const inCurrentRun = (settings: Settings): typeof fetch => {
  const send: typeof fetch = (input, init) => {
    const run = currentRun();
    if (!run) return settings.fetch(input, init);
    const headers = new Headers(init?.headers);
    for (const [name, value] of Object.entries(run.headers)) if (!headers.has(name)) headers.set(name, value);
    return settings.fetch(input, { ...init, headers });
  };
  return send;
};
