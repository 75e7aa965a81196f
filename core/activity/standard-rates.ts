import type { JsonObject } from '../base/json.ts';

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

/** Whether a request asks for no dearer service than prices are for; a level nobody here has heard of is dearer. */
export const isAtStandardRates = (body: JsonObject): boolean =>
  Object.entries(standard).every(([name, values]) => body[name] == null || values.includes(body[name]));
