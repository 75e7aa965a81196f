import type { JsonObject } from '@aos/core/base/json.ts';
import type OpenAI from 'openai';
import {
  countIn,
  lastOfUser,
  readBound,
  readMessages,
  readModel,
  type StreamScript,
  type StubAnswer,
  type StubRequest,
  type StubWire,
  sse,
} from './wire.ts';

const system_fingerprint = 'fp_stub000000';

/** `POST /v1/chat/completions`. Form: the types of the official client, which `satisfies` holds it to. */
export const chat: StubWire = {
  name: 'chat',
  path: '/v1/chat/completions',
  dialect: 'openai',
  id_prefix: 'chatcmpl-',
  read(body) {
    const messages = readMessages(body.messages, 'messages');
    const bounds = [readBound(body, 'max_tokens'), readBound(body, 'max_completion_tokens')];
    const options = body.stream_options;
    return {
      model: readModel(body),
      stream: body.stream === true,
      include_usage:
        typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true,
      max_tokens: bounds.reduce((least, bound) => (least === null ? bound : Math.min(least, bound ?? least)), null),
      choices: readBound(body, 'n') ?? 1,
      prompt: messages.map(({ text }) => text).join(''),
      question: lastOfUser(messages),
    };
  },
  usage: ({ input_tokens, output_tokens }) =>
    ({
      prompt_tokens: input_tokens,
      completion_tokens: output_tokens,
      total_tokens: input_tokens + output_tokens,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: {
        reasoning_tokens: 0,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    }) satisfies OpenAI.CompletionUsage,
  counts: (usage) => ({
    input_tokens: countIn(usage, 'prompt_tokens'),
    output_tokens: countIn(usage, 'completion_tokens'),
  }),
  plain: ({ id, created_s, model, pieces, finish, usage }) => ({
    ...({
      id,
      object: 'chat.completion',
      created: created_s,
      model,
      choices: pieces.map((tokens, index) => ({
        index,
        message: { role: 'assistant' as const, content: tokens.join(''), refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: finish,
      })),
      service_tier: 'default',
      system_fingerprint,
    } satisfies Omit<OpenAI.ChatCompletion, 'usage'>),
    ...(usage !== undefined && { usage }),
  }),
  script: chatScript,
};

function chatScript({ id, created_s, model, pieces, finish, usage }: StubAnswer, request: StubRequest): StreamScript {
  const with_usage = request.include_usage && usage !== undefined;
  const event = (choices: OpenAI.ChatCompletionChunk.Choice[], said: JsonObject | null = null): string => {
    const chunk = {
      id,
      object: 'chat.completion.chunk',
      created: created_s,
      model,
      service_tier: 'default',
      system_fingerprint,
      choices,
    } satisfies Omit<OpenAI.ChatCompletionChunk, 'usage'>;
    return sse(with_usage ? { ...chunk, usage: said } : chunk);
  };
  const all = (make: (index: number) => OpenAI.ChatCompletionChunk.Choice) =>
    pieces.map((_, index) => event([make(index)])).join('');
  // The text is the only part that changes between the chunks of a choice: cut once, JSON-encode only the text.
  const frames = pieces.map((_, index) =>
    event([{ index, delta: { content: '@' }, logprobs: null, finish_reason: null }]).split('"@"'),
  );
  return {
    head: all((index) => ({
      index,
      delta: { role: 'assistant', content: '', refusal: null },
      logprobs: null,
      finish_reason: null,
    })),
    chunk: (choice, text) => (frames[choice] ?? []).join(JSON.stringify(text)),
    tail: () => {
      const ends = all((index) => ({ index, delta: {}, logprobs: null, finish_reason: finish }));
      return `${ends}${with_usage ? event([], usage) : ''}data: [DONE]\n\n`;
    },
    error: (message) => sse({ error: { message, type: 'server_error', param: null, code: null } }),
  };
}
