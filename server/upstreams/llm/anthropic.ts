import { type Address, addressOf } from './address.ts';
import type { LlmUpstream, ProviderTarget } from './define.ts';
import { requestHeaders } from './headers.ts';
import { exchange } from './http.ts';

/** The version of the API that is asked for when the caller names none; still the only one there is. */
const default_version = '2023-06-01';

/** With or without `/v1` at the end of the base URL. */
const placeOf = ({ base_url }: ProviderTarget, path: string): Address =>
  addressOf(base_url.replace(/\/+$/, '').replace(/\/v1$/, ''), `/v1${path}`);

/** Anthropic. `base_url` as for the official client, without `/v1`; one that ends in `/v1` works too. */
export const anthropic: LlmUpstream = {
  kind: 'anthropic',
  wires: ['messages'],
  open: (target, request) => {
    const headers = requestHeaders(request.headers, request.stream);
    if (typeof request.headers['anthropic-version'] !== 'string') headers.push('anthropic-version', default_version);
    if (target.secret !== null) headers.push('x-api-key', target.secret);
    return exchange({
      url: placeOf(target, request.path),
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
      url: placeOf(target, '/models?limit=1000'),
      headers: [
        ...['accept', 'application/json', 'anthropic-version', default_version],
        ...(target.secret === null ? [] : ['x-api-key', target.secret]),
      ],
      body: null,
      stream: false,
    }),
};
