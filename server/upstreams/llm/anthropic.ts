import { addressOf } from './address.ts';
import type { LlmUpstream } from './define.ts';
import { requestHeaders } from './headers.ts';
import { post } from './http.ts';

/** The version of the API that is asked for when the caller names none; still the only one there is. */
const default_version = '2023-06-01';

/** Anthropic. `base_url` as for the official client, without `/v1`; one that ends in `/v1` works too. */
export const anthropic: LlmUpstream = {
  kind: 'anthropic',
  wires: ['messages'],
  open: async (target, request) =>
    post({
      url: addressOf(target.base_url.replace(/\/+$/, '').replace(/\/v1$/, ''), `/v1${request.path}`),
      headers: {
        'anthropic-version': default_version,
        ...requestHeaders(request.headers, request.stream),
        ...(target.secret !== null && { 'x-api-key': target.secret }),
      },
      body: request.body,
      deadlines: request.deadlines,
      signal: request.signal,
      stream: request.stream,
    }),
};
