import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { Searches } from './define.ts';
import { objectsIn } from './events.ts';

export const no_searches: Searches = { least: 0, most: 0, is_preview: false };
const endless: Searches = { ...no_searches, most: null };

const typesOf = (tools: readonly Json[]): string[] =>
  objectsIn([...tools]).flatMap(({ type }) => (typeof type === 'string' ? type : []));

/** A bound as a provider obeys it; anything else is none. */
const boundOf = (value: Json | undefined): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

const search_of_anthropic = /^web_search_\d/;

/** Anthropic's `web_search_…`: each tool runs `max_uses` times at most. */
export function searchesOfMessages(tools: readonly Json[]): Searches {
  const searching = objectsIn([...tools]).filter(({ type }) => search_of_anthropic.test(String(type)));
  const most = searching
    .map(({ max_uses }) => boundOf(max_uses))
    .reduce((sum, uses) => (sum === null || uses === null ? null : sum + uses), 0);
  return { ...no_searches, most };
}

/** OpenAI's `web_search…`, and xAI's `x_search`: `max_tool_calls` bounds all tools of a response together. */
export function searchesOfResponses(tools: readonly Json[], max_tool_calls: Json | undefined): Searches {
  const searching = typesOf(tools).filter((type) => /^(web|x)_search/.test(type));
  if (searching.length === 0) return no_searches;
  return { least: 0, most: boundOf(max_tool_calls), is_preview: searching.some((type) => type.includes('preview')) };
}

/**
 * Chat completions have no tool for it: `…-search-preview` searches once before every answer
 * (https://platform.openai.com/docs/guides/tools-web-search?api-mode=chat); other models and routers that can search say
 * neither how often they may nor how often they did.
 */
export function searchesOfChat(body: JsonObject, model: string, tools: readonly Json[]): Searches {
  if (/-search-preview(-\d|$)/.test(model)) return { least: 1, most: 1, is_preview: true };
  const { web_search_options, search_parameters, plugins } = body;
  const may_search =
    /-search-api(-\d|$)|:online$/.test(model) ||
    isObject(web_search_options) ||
    (isObject(search_parameters) && search_parameters.mode !== 'off') ||
    objectsIn(plugins).some(({ id }) => id === 'web') ||
    typesOf(tools).some((type) => /web_search/.test(type));
  return may_search ? endless : no_searches;
}

/** Whether a provider may read content that is not in the request: then nothing but its context window bounds the input. */
export const mayFetch = (tools: readonly Json[], { most }: Searches): boolean =>
  most !== 0 || typesOf(tools).some((type) => /^web_fetch_\d/.test(type));

/** Searches among the items of a response. Opening a page and looking for a text in it is not billed as one. */
export const searchesIn = (items: readonly JsonObject[]): number =>
  items.filter(
    ({ type, action }) =>
      type === 'web_search_call' && (isObject(action) ? (action.type ?? 'search') : 'search') === 'search',
  ).length;
