import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../base/json.ts';
import { compilePrice } from '../price.ts';
import { withSearchPrice } from '../search-price.ts';
import { wires } from './index.ts';
import { unseen_bytes } from './prompt.ts';

const messages = (tools: Json[]) =>
  wires.messages.readRequest({ model: 'claude-opus-4-6', max_tokens: 9, messages: [], tools });
const responses = (tools: Json[], more: JsonObject = {}) =>
  wires.responses.readRequest({ model: 'gpt-5', input: 'x', tools, ...more });
const chat = (model: string, more: JsonObject = {}) => wires.chat.readRequest({ model, messages: [], ...more });

describe('how often a provider may search by itself', () => {
  test('is what max_uses says at Anthropic, and without end where it says nothing', () => {
    const web = (max_uses?: Json): Json => ({
      type: 'web_search_20250305',
      name: 'web_search',
      ...(max_uses !== undefined && { max_uses }),
    });
    expect(messages([web(5)]).searches).toMatchObject({ least: 0, most: 5 });
    expect(messages([web(5), { type: 'web_search_20260318', name: 'again', max_uses: 2 }]).searches.most).toBe(7);
    for (const wrong of [undefined, null, -1, 1.5, '3']) expect(messages([web(wrong)]).searches.most).toBeNull();
    const own: Json = { name: 'web_search', description: 'Our own', input_schema: {} };
    const fetching: Json = { type: 'web_fetch_20250910', name: 'web_fetch' };
    expect(messages([own]).searches.most).toBe(0);
    expect(messages([fetching]).searches.most).toBe(0);
    expect(messages([own]).prompt.text_bytes).toBeLessThan(200);
    for (const tool of [fetching, web(1)]) expect(messages([tool]).prompt.text_bytes).toBeGreaterThan(unseen_bytes);
  });

  test('is what max_tool_calls says of a response', () => {
    for (const type of ['web_search', 'web_search_2025_08_26', 'x_search']) {
      expect(responses([{ type }]).searches).toEqual({ least: 0, most: null, is_preview: false });
      expect(responses([{ type }], { max_tool_calls: 4 }).searches.most).toBe(4);
    }
    expect(responses([{ type: 'web_search_preview' }], { max_tool_calls: 1 }).searches.is_preview).toBe(true);
    expect(responses([{ type: 'function', name: 'web_search' }], { max_tool_calls: 4 }).searches.most).toBe(0);
  });

  test('is once before every answer of a search model, and not known of what else searches in a chat', () => {
    for (const model of ['gpt-4o-search-preview', 'openai/gpt-4o-mini-search-preview-2025-03-11'])
      expect(chat(model).searches).toEqual({ least: 1, most: 1, is_preview: true });
    expect(chat('gpt-5-search-api').searches.most).toBeNull();
    expect(chat('x/y:online').searches.most).toBeNull();
    expect(chat('grok-4', { search_parameters: { mode: 'auto' } }).searches.most).toBeNull();
    expect(chat('m', { plugins: [{ id: 'web' }] }).searches.most).toBeNull();
    expect(chat('m', { web_search_options: {} }).searches.most).toBeNull();
    for (const more of [{}, { search_parameters: { mode: 'off' } }, { plugins: [{ id: 'file-parser' }] }])
      expect(chat('gpt-4o', more).searches.most).toBe(0);
  });
});

describe('how often it did', () => {
  const call = (type?: string): JsonObject => ({
    type: 'web_search_call',
    status: 'completed',
    ...(type && { action: { type } }),
  });
  const usage = { input_tokens: 5, output_tokens: 6, total_tokens: 11 };
  const output = [call('search'), call('open_page'), call('find_in_page'), call(), { type: 'message', content: [] }];

  test('is counted in a response by its items: opening a page is no search', () => {
    expect(wires.responses.readAnswer({ output, usage }).usage?.web_searches).toBe(2);
    expect(wires.responses.readAnswer({ output: [], usage }).usage?.web_searches).toBeUndefined();
    // xAI counts by itself, and has the items as well.
    const counted = { ...usage, server_side_tool_usage_details: { web_search_calls: 2, x_search_calls: 1 } };
    expect(wires.responses.readAnswer({ output, usage: counted }).usage?.web_searches).toBe(3);
  });

  test('is known of a stream as it goes', () => {
    const reader = wires.responses.streamReader(responses([]));
    const event = (data: JsonObject) => reader.read({ event: undefined, data: JSON.stringify(data) });
    for (const item of output) event({ type: 'response.output_item.done', item });
    expect(reader.searches).toBe(2);
    expect(event({ type: 'response.completed', response: { output, usage } }).usage?.web_searches).toBe(2);

    const claude = wires.messages.streamReader(messages([]));
    const begins = (content: Json) =>
      claude.read({
        event: undefined,
        data: JSON.stringify({
          type: 'content_block_start',
          content_block: { type: 'web_search_tool_result', content },
        }),
      });
    begins([{ type: 'web_search_result' }]);
    begins({ type: 'web_search_tool_result_error', error_code: 'max_uses_exceeded' });
    expect(claude.searches).toBe(1);
  });
});

test('what a search costs is told by the version of the tool at OpenAI, and by the book elsewhere', () => {
  const priced = (provider: string, model: string, per_web_search_usd?: string) =>
    compilePrice({
      ...{ id: 'p', version: 'v', provider, model, tiers: [{ above_input_tokens: 0, rates: { input: '1' } }] },
      ...(per_web_search_usd !== undefined && { per_web_search_usd }),
    });
  const nano = (price: ReturnType<typeof priced>, is_preview: boolean) =>
    withSearchPrice(price, { least: 0, most: 1, is_preview }).per_web_search_nano;
  expect(nano(priced('openai', 'gpt-4.1', '0.01'), false)).toBe(10_000_000n);
  expect(nano(priced('openai', 'gpt-5'), false)).toBe(10_000_000n);
  expect(nano(priced('openai', 'gpt-4.1', '0.01'), true)).toBe(25_000_000n);
  expect(nano(priced('openai', 'gpt-4o-search-preview'), true)).toBe(25_000_000n);
  expect(nano(priced('openai', 'gpt-5-chat'), true)).toBe(25_000_000n);
  for (const model of ['gpt-5', 'gpt-5-mini', 'o4-mini', 'o3-deep-research'])
    expect(nano(priced('openai', model), true)).toBe(10_000_000n);
  expect(nano(priced('anthropic', 'claude', '0.01'), false)).toBe(10_000_000n);
  expect(nano(priced('x-ai', 'grok-4'), false)).toBeNull();
});
