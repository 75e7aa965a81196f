import type { Json, JsonObject } from '../../base/json.ts';
import { usageOfEmbeddings } from '../usage.ts';
import type { Wire, WireRequest } from './define.ts';
import { errorOf, plain_event, sse } from './events.ts';
import { modelOf, refuseField } from './fields.ts';
import { PromptText } from './prompt.ts';
import { no_searches } from './searches.ts';

/** OpenAI's embeddings: https://platform.openai.com/docs/api-reference/embeddings */
export const embeddings: Wire = {
  name: 'embeddings',
  dialect: 'openai',
  path: '/embeddings',
  readRequest,
  edits: (body, change) => (body.model === change.model ? {} : { model: change.model }),
  readAnswer: (body) => ({ usage: usageOfEmbeddings(body.usage), text: '' }),
  streamReader: () => ({ read: () => plain_event }),
  errorBody: (problem) => ({ error: errorOf(problem) }),
  errorEvents: (problem) => sse({ error: errorOf(problem) }),
};

/** Nothing is generated, so the bound on output is zero, not absent. */
function readRequest(body: JsonObject): WireRequest {
  const prompt = new PromptText();
  const { input } = body;
  if (typeof input === 'string') addInput(prompt, input);
  else if (Array.isArray(input) && input.every(isToken)) addInput(prompt, input);
  else if (Array.isArray(input)) for (const item of input) addInput(prompt, item);
  else addInput(prompt, input);
  return {
    model: modelOf(body),
    stream: false,
    max_output_tokens: 0,
    choices: 1,
    wants_usage_chunk: true,
    prompt: prompt.size(),
    tools: [],
    tool_results: 0,
    searches: no_searches,
  };
}

function addInput(prompt: PromptText, input: Json | undefined): void {
  prompt.messages++;
  if (typeof input === 'string') prompt.add(input);
  else if (Array.isArray(input) && input.every(isToken)) prompt.addTokens(input.length);
  else {
    const must = 'a string, an array of strings, or an array of token numbers';
    refuseField('input', must, input, 'Send the text to embed: {"input": "…"}.');
  }
}

function isToken(value: Json): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
