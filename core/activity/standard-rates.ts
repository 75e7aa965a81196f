import type { JsonObject } from '../base/json.ts';
import { objectsIn } from './wires/events.ts';

/**
 * Members of a request that choose how it is served, with the values for which the published price is enough: standard
 * service and what is cheaper. Twice as much for OpenAI's priority (https://openai.com/api-priority-processing/), two to
 * six times for Anthropic's fast mode (https://platform.claude.com/docs/en/build-with-claude/fast-mode), a tenth more for
 * inference in one country (https://platform.claude.com/docs/en/api/service-tiers).
 */
const standard: Readonly<Record<string, readonly unknown[]>> = {
  service_tier: ['auto', 'default', 'standard', 'standard_only', 'on_demand', 'flex', 'batch'],
  speed: ['standard'],
  inference_geo: ['global'],
};

/**
 * Tools that run at the provider for a fee of their own, which no usage tells: OpenAI's file search, containers and images
 * (https://developers.openai.com/api/docs/pricing), Anthropic's hours of containers
 * (https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool). Searches of the web are counted, and
 * priced for themselves.
 */
const with_fee = /^(?:file_search|code_interpreter|image_generation|shell|code_execution_\d+)$/;

/**
 * What a request asks for that published prices do not cover: a dearer level of service, or a tool with a fee beside them.
 * A level nobody here has heard of is dearer. Null: they are enough.
 */
export function beyondStandardRates(body: JsonObject): 'level' | 'tool' | null {
  const is_plain = Object.entries(standard).every(
    ([name, values]) => body[name] == null || values.includes(body[name]),
  );
  if (!is_plain) return 'level';
  const has_fee = objectsIn(body.tools).some(({ type }) => typeof type === 'string' && with_fee.test(type));
  return has_fee ? 'tool' : null;
}
