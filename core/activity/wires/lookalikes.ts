import { Problem } from '../../base/error.ts';
import type { JsonObject } from '../../base/json.ts';

/** The members of a request that decide who answers it, how much and at what price, on any wire. */
const governed = [
  ...['model', 'messages', 'input', 'instructions', 'system', 'prompt', 'tools', 'functions', 'mcp_servers'],
  ...['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'max_tool_calls', 'n', 'stream', 'stream_options'],
  ...['background', 'conversation', 'previous_response_id', 'service_tier', 'speed', 'inference_geo'],
  ...['web_search_options', 'search_parameters', 'plugins'],
];
const exactly = new Set(governed);

/** As decoders compare names that take case for nothing: the long s (ſ) and the sign of Kelvin are letters of ASCII too. */
const fold = (name: string): string => name.toUpperCase().toLowerCase();

/**
 * Refuses a member whose name differs from a governed one in case only. Decoders that know no case (Go's `encoding/json`,
 * behind Ollama and many proxies) take it for that member: the policy would judge `model`, the provider call `Model`.
 */
export function refuseLookalikes(body: JsonObject): void {
  for (const name in body) {
    if (exactly.has(name) || !exactly.has(fold(name))) continue;
    const meant = JSON.stringify(fold(name));
    throw new Problem(
      'invalid_body',
      `The request cannot be read: ${JSON.stringify(name)} is ${meant} in other letters, and some providers take it for that. Send ${meant}, once, or leave it out.`,
    );
  }
}
