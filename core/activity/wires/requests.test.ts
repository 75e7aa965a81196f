import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../base/error.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { utf8Bytes } from '../tokens.ts';
import type { WireName } from './define.ts';
import { wires } from './index.ts';
import { unseen_bytes } from './prompt.ts';

const user = (content: Json): JsonObject => ({ role: 'user', content });
const smallest: Record<WireName, JsonObject> = {
  chat: { model: 'm', messages: [user('hi')] },
  responses: { model: 'm', input: 'hi' },
  messages: { model: 'm', max_tokens: 9, messages: [user('hi')] },
  embeddings: { model: 'm', input: 'hi' },
};
const names = Object.keys(wires) as WireName[];
const read = (name: WireName, more: JsonObject) => wires[name].readRequest({ ...smallest[name], ...more });

function refusal(name: WireName, more: JsonObject): string {
  try {
    read(name, more);
  } catch (error) {
    if (error instanceof Problem && error.code === 'invalid_body') return error.message;
    throw error;
  }
  throw new Error(`${name} accepted ${JSON.stringify(more)}`);
}

describe('a request is refused with the field, what it must be, what it is and what to do', () => {
  test.each(names)('%s: the model', (name) => {
    for (const model of ['', '  ', 7, null, ['a']])
      expect(refusal(name, { model })).toMatch(/^"model" must be the name/);
    expect(refusal(name, { model: 7 })).toBe(
      '"model" must be the name of a model, but it is 7. GET /v1/models lists the names that can be called.',
    );
  });

  test('the prompt', () => {
    expect(refusal('chat', { messages: 'hi' })).toContain(
      '"messages" must be an array of messages, but it is the string',
    );
    expect(refusal('messages', { messages: {} })).toContain('but it is an object');
    for (const input of [7, null, {}]) expect(refusal('responses', { input })).toContain('"input" must be');
    for (const input of [7, null, [1.5], ['a', 2], [[1], 'a', {}]]) {
      expect(refusal('embeddings', { input })).toContain('"input" must be');
    }
    const missing = { model: 'm' };
    expect(() => wires.chat.readRequest(missing)).toThrow('"messages" must be an array of messages, but it is missing');
    expect(() => wires.responses.readRequest(missing)).toThrow('"input" must be');
    expect(read('responses', { input: [], prompt: { id: 'pmpt_1' } }).prompt.text_bytes).toBeGreaterThan(unseen_bytes);
  });

  test('bounds and numbers of answers', () => {
    const wrong = [0, -1, 1.5, '9', true, 1e300];
    for (const n of [...wrong, 129])
      expect(refusal('chat', { n })).toContain('"n" must be a whole number from 1 to 128');
    for (const bound of wrong) {
      expect(refusal('chat', { max_tokens: bound })).toContain('"max_tokens" must be a whole number from 1');
      expect(refusal('chat', { max_completion_tokens: bound })).toContain('"max_completion_tokens"');
      expect(refusal('responses', { max_output_tokens: bound })).toContain('"max_output_tokens"');
      if (bound !== 0) expect(refusal('messages', { max_tokens: bound })).toContain('"max_tokens"');
    }
    expect(read('messages', { max_tokens: 0 }).max_output_tokens, 'fills the cache').toBe(0);
    expect(refusal('messages', { max_tokens: null })).toContain('needs a bound');
  });

  test('flags and options', () => {
    for (const name of ['chat', 'responses', 'messages'] as const) {
      expect(refusal(name, { stream: 'true' })).toBe(
        '"stream" must be true or false, but it is the string "true". Send a JSON boolean, or leave the field out.',
      );
    }
    expect(refusal('chat', { stream: true, stream_options: [] })).toContain('"stream_options" must be an object');
    expect(refusal('chat', { tools: {} })).toContain('"tools" must be an array');
    expect(refusal('messages', { system: {} })).toContain('"system" must be');
  });

  test('an answer in the background, which no limit could stop', () => {
    expect(refusal('responses', { background: true })).toContain('"background" must be false');
    expect(read('responses', { background: false }).stream).toBe(false);
  });
});

describe('what governance reads', () => {
  test('streams, answers and bounds', () => {
    expect(read('chat', {})).toMatchObject({ stream: false, choices: 1, max_output_tokens: null });
    expect(read('chat', { stream: null, n: null, max_tokens: null })).toMatchObject({ stream: false, choices: 1 });
    expect(read('chat', { max_tokens: 5, max_completion_tokens: 50, n: 3 })).toMatchObject({
      choices: 3,
      max_output_tokens: 50,
    });
    expect(read('responses', { max_output_tokens: 16, stream: true })).toMatchObject({
      stream: true,
      max_output_tokens: 16,
    });
    expect(read('embeddings', {}).max_output_tokens).toBe(0);
  });

  test('whether the caller asked for the usage chunk', () => {
    const asked = { stream: true, stream_options: { include_usage: true } };
    expect(read('chat', asked).wants_usage_chunk).toBe(true);
    expect(read('chat', { stream: true }).wants_usage_chunk).toBe(false);
    expect(read('messages', { stream: true }).wants_usage_chunk).toBe(true);
  });

  test('the tool results that a call is the first to bring', () => {
    const user = { role: 'user', content: 'x' };
    const model = { role: 'assistant', content: 'y' };
    const tool = { role: 'tool', tool_call_id: 'a', content: '1' };
    const ofChat = (...messages: Json[]) => read('chat', { messages }).tool_results;
    expect(ofChat(user)).toBe(0);
    expect(ofChat(user, model, tool, tool)).toBe(2);
    expect(ofChat(user, model, tool, user)).toBe(1);
    expect(ofChat(user, model, tool, tool, model, tool)).toBe(1);
    expect(ofChat(user, model, tool, model, user)).toBe(0);
    const block = { type: 'tool_result', tool_use_id: 'a', content: '1' };
    const ofMessages = (...messages: Json[]) => read('messages', { messages, max_tokens: 5 }).tool_results;
    expect(ofMessages(user, model, { role: 'user', content: [block, block, { type: 'text', text: 'z' }] })).toBe(2);
    expect(ofMessages(user, model, { role: 'user', content: [block] }, model, user)).toBe(0);
    const output = { type: 'function_call_output', call_id: 'a', output: '1' };
    const called = { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' };
    const ofResponses = (input: Json) => read('responses', { input }).tool_results;
    expect(ofResponses('x')).toBe(0);
    expect(ofResponses([output, output])).toBe(2);
    expect(ofResponses([user, called, called, output, output])).toBe(2);
    expect(ofResponses([user, called, output, { type: 'message', role: 'assistant', content: 'y' }, user])).toBe(0);
  });

  test('the tools that are offered, by name', () => {
    const tools = [
      { type: 'function', function: { name: 'a' } },
      { type: 'custom', custom: { name: 'b' } },
      { type: 'function', function: { name: 'a' } },
    ];
    expect(read('chat', { tools, functions: [{ name: 'c' }] }).tools).toEqual(['a', 'b', 'c']);
    const built_in = [{ type: 'function', name: 'a' }, { type: 'web_search' }, { type: 'mcp', server_label: 'crm' }];
    expect(read('responses', { tools: built_in }).tools).toEqual(['a', 'web_search', 'mcp:crm']);
    const named = { tools: [{ name: 'x', input_schema: {} }], mcp_servers: [{ type: 'url', name: 'crm' }] };
    expect(read('messages', named).tools).toEqual(['x', 'mcp:crm']);
  });
});

describe('the size of a prompt', () => {
  const bytes = (name: WireName, more: JsonObject) => read(name, more).prompt.text_bytes;
  const chat = (content: Json) => read('chat', { messages: [user(content)] }).prompt;

  test('is at least the UTF-8 bytes of every text, wherever a wire puts it', () => {
    const text = '漢字 and words ';
    const size = utf8Bytes(text);
    const tool_use = { type: 'tool_use', id: 't', name: 'n', input: { query: text } };
    const tool_result = { type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text }] };
    const bodies: [WireName, JsonObject][] = [
      ['chat', { messages: [{ role: 'system', content: text }] }],
      ['chat', { messages: [user([{ type: 'text', text }])] }],
      ['chat', { messages: [{ role: 'tool', content: text, tool_call_id: '1' }] }],
      ['chat', { messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: text } }] }] }],
      ['chat', { tools: [{ type: 'function', function: { name: 'f', description: text } }] }],
      ['chat', { functions: [{ name: 'f', parameters: { description: text } }] }],
      ['chat', { response_format: { type: 'json_schema', json_schema: { schema: { description: text } } } }],
      ['chat', { documents: [{ body: text }] }],
      ['responses', { instructions: text }],
      ['responses', { input: [user([{ type: 'input_text', text }])] }],
      ['responses', { input: [{ type: 'function_call_output', call_id: 'c', output: text }] }],
      ['responses', { input: [{ type: 'reasoning', summary: [{ type: 'summary_text', text }] }] }],
      ['responses', { text: { format: { type: 'json_schema', schema: { description: text } } } }],
      ['messages', { system: text }],
      ['messages', { system: [{ type: 'text', text, cache_control: { type: 'ephemeral' } }] }],
      ['messages', { messages: [user([{ type: 'document', source: { type: 'text', data: text } }])] }],
      ['messages', { messages: [{ role: 'assistant', content: [tool_use] }, user([tool_result])] }],
      ['messages', { tools: [{ name: 'x', input_schema: { description: text } }] }],
      ['embeddings', { input: [text] }],
    ];
    for (const [name, body] of bodies) {
      const { prompt } = read(name, body);
      expect(prompt.text_bytes, JSON.stringify(body)).toBeGreaterThanOrEqual(size);
      expect(prompt.text(), JSON.stringify(body)).toContain(text.trim());
      expect(prompt.text_bytes, 'no text is counted twice').toBeLessThan(2 * size + 200);
    }
  });

  test('is never less than the bytes of its own text, whatever a message holds', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), (content) => {
        const prompt = chat(content as Json);
        const pieces = prompt.text().replaceAll('\n', '');
        expect(prompt.text_bytes).toBeGreaterThanOrEqual(utf8Bytes(pieces) - prompt.messages);
        for (const text of stringsIn(content as Json)) {
          expect(prompt.text().includes(text) || prompt.text().includes(JSON.stringify(text).slice(1, -1))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('counts images by number, without their data or their address', () => {
    const data = 'A'.repeat(5000);
    const parts: [WireName, JsonObject][] = [
      ['chat', { messages: [user([{ type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } }])] }],
      ['responses', { input: [user([{ type: 'input_image', image_url: `https://x/${data}` }])] }],
      ['responses', { input: [user([{ type: 'input_image', file_id: 'file-1' }])] }],
      [
        'messages',
        { messages: [user([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }])] },
      ],
      [
        'messages',
        {
          messages: [user([{ type: 'tool_result', content: [{ type: 'image', source: { type: 'url', url: data } }] }])],
        },
      ],
    ];
    for (const [name, body] of parts) {
      const { prompt } = read(name, body);
      expect(prompt.images, JSON.stringify(body).slice(0, 90)).toBe(1);
      expect(prompt.text_bytes).toBeLessThan(100);
    }
  });

  test('counts files by their bytes, and as a whole context window when the provider holds them', () => {
    const data = 'A'.repeat(5000);
    const pdf = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } };
    expect(bytes('messages', { messages: [user([pdf])] })).toBeGreaterThanOrEqual(5000);
    expect(chat([{ type: 'file', file: { filename: 'a.pdf', file_data: data } }]).text_bytes).toBeGreaterThanOrEqual(
      5000,
    );
    expect(chat([{ type: 'input_audio', input_audio: { data, format: 'wav' } }]).text_bytes).toBeGreaterThanOrEqual(
      5000,
    );
    const held: [WireName, JsonObject][] = [
      ['chat', { messages: [user([{ type: 'file', file: { file_id: 'file-1' } }])] }],
      ['chat', { messages: [user([{ type: 'video_url', video_url: { url: 'https://x' } }])] }],
      ['responses', { input: [user([{ type: 'input_file', file_url: 'https://x' }])] }],
      ['responses', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
      ['responses', { previous_response_id: 'resp_1' }],
      ['responses', { conversation: 'conv_1' }],
      ['messages', { messages: [user([{ type: 'document', source: { type: 'url', url: 'https://x' } }])] }],
      ['messages', { messages: [user([{ type: 'document', source: { type: 'file', file_id: 'f' } }])] }],
    ];
    for (const [name, body] of held)
      expect(bytes(name, body), JSON.stringify(body)).toBeGreaterThanOrEqual(unseen_bytes);
  });

  test('counts each token given by number once', () => {
    expect(read('embeddings', { input: [1, 2, 3] }).prompt).toMatchObject({ text_bytes: 3, messages: 1 });
    expect(read('embeddings', { input: [[1, 2], [3]] }).prompt).toMatchObject({ text_bytes: 3, messages: 2 });
    expect(read('embeddings', { input: ['a', 'é'] }).prompt).toMatchObject({ text_bytes: 3, messages: 2 });
  });
});

describe('the edits that make the request what is sent', () => {
  const edits = (name: WireName, body: JsonObject, change: Partial<Parameters<(typeof wires)['chat']['edits']>[1]>) =>
    wires[name].edits(
      { ...smallest[name], ...body },
      { model: 'm', max_output_tokens: null, include_usage: false, ...change },
    );

  test('change nothing that is right already', () => {
    for (const name of names) expect(edits(name, {}, {})).toEqual({});
    for (const name of names) expect(edits(name, {}, { model: 'n' })).toEqual({ model: 'n' });
  });

  test('write the bound where the model reads it', () => {
    const bound = (model: string, body: JsonObject = {}) =>
      edits('chat', { model, ...body }, { model, max_output_tokens: 7 });
    for (const model of ['o1', 'o3-mini', 'gpt-5', 'gpt-5.5-mini', 'openai/gpt-5', 'ft:gpt-5:me', 'codex-mini']) {
      expect(bound(model), model).toEqual({ max_completion_tokens: 7 });
    }
    for (const model of ['gpt-4o', 'gpt-4.1', 'mock-small', 'gpt-oss-120b', 'llama-3', 'olmo']) {
      expect(bound(model), model).toEqual({ max_tokens: 7 });
    }
    expect(bound('gpt-5', { max_tokens: 9 })).toEqual({ max_tokens: 7 });
    expect(bound('gpt-4o', { max_completion_tokens: 9 })).toEqual({ max_completion_tokens: 7 });
    expect(bound('gpt-4o', { max_completion_tokens: 9, max_tokens: 2 })).toEqual({
      max_completion_tokens: 7,
      max_tokens: 7,
    });
    expect(edits('responses', {}, { max_output_tokens: 7 })).toEqual({ max_output_tokens: 7 });
    expect(edits('messages', {}, { max_output_tokens: 7 })).toEqual({ max_tokens: 7 });
    expect(edits('embeddings', {}, { max_output_tokens: 7 })).toEqual({});
  });

  test('ask for the usage of a chat stream, and only there', () => {
    expect(
      edits('chat', { stream: true, stream_options: { include_obfuscation: false } }, { include_usage: true }),
    ).toEqual({
      stream_options: { include_obfuscation: false, include_usage: true },
    });
    expect(edits('chat', {}, { include_usage: true })).toEqual({});
    for (const name of ['responses', 'messages'] as const) {
      expect(edits(name, { stream: true }, { include_usage: true })).toEqual({});
    }
  });
});

function stringsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, member]) => (key === 'role' || key === 'type' ? [] : stringsIn(member)));
}
