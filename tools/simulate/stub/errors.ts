import type { JsonObject } from '@aos/core/base/json.ts';
import type { Refusal, StubWire } from './wire.ts';

const openai_types: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'invalid_request_error',
  404: 'invalid_request_error',
  429: 'requests',
};

const anthropic_types: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** The error body of each provider, as its documentation of errors gives it. */
export function errorBody(
  dialect: StubWire['dialect'],
  { status, message, param }: Refusal,
  request_id: string,
): JsonObject {
  if (dialect === 'anthropic') {
    return { type: 'error', error: { type: anthropic_types[status] ?? 'api_error', message }, request_id };
  }
  const code = status === 429 ? 'rate_limit_exceeded' : null;
  return { error: { message, type: openai_types[status] ?? 'server_error', param, code } };
}

/** What the provider says when a directive asks for an error of this status. */
export function errorMessage(status: number): string {
  if (status === 429) return 'Rate limit reached for requests. Please try again in 1s.';
  if (status < 500) return 'The request was refused because its stub directive asks for it.';
  return 'The server had an error while processing your request. Sorry about that!';
}
