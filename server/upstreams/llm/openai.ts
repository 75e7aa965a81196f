import { addressOf } from './address.ts';
import type { LlmUpstream } from './define.ts';
import { requestHeaders } from './headers.ts';
import { exchange } from './http.ts';

/** OpenAI, and every server that speaks its format. `base_url` as for the official client: with `/v1`. */
export const openai: LlmUpstream = {
  kind: 'openai',
  wires: ['chat', 'responses', 'embeddings'],
  open: (target, request) => {
    const headers = requestHeaders(request.headers, request.stream);
    if (target.secret !== null) headers.push('authorization', `Bearer ${target.secret}`);
    return exchange({
      url: addressOf(target.base_url, request.path),
      headers,
      body: request.body,
      deadlines: request.deadlines,
      signal: request.signal,
      stream: request.stream,
    });
  },
  models: async (target, question) =>
    exchange({
      ...question,
      url: addressOf(target.base_url, '/models'),
      headers: [
        ...['accept', 'application/json'],
        ...(target.secret === null ? [] : ['authorization', `Bearer ${target.secret}`]),
      ],
      body: null,
      stream: false,
    }),
};
