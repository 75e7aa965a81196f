import { sse } from '@aos/core/activity/wires/events.ts';
import { isObject, type JsonObject } from '@aos/core/base/json.ts';
import { type MockAnswer, type MockChoice, piecesOf } from './mock-answer.ts';
import type { MockForm, MockStamp } from './mock-form.ts';

const stop_reasons = { stop: 'end_turn', length: 'max_tokens', tool: 'tool_use' } as const;

/** A mock answer as Anthropic's messages give it. */
export const mockMessages: MockForm = {
  plain(answer, stamp) {
    const [choice] = answer.choices;
    return {
      ...message(answer, stamp),
      content: choice ? [block(choice, stamp)] : [],
      stop_reason: choice ? stop_reasons[choice.finish] : null,
      usage: usage(answer, choice?.output_tokens ?? 0),
    };
  },

  *events(answer, stamp) {
    const event = (type: string, data: JsonObject = {}) => sse({ type, ...data }, type);
    yield event('message_start', { message: { ...message(answer, stamp), usage: usage(answer, 1) } });
    for (const choice of answer.choices) {
      const { tool } = choice;
      const opened = tool ? { ...block(choice, stamp), input: {} } : { type: 'text', text: '' };
      yield event('content_block_start', { index: 0, content_block: opened });
      yield event('ping');
      for (const piece of piecesOf(tool ? tool.arguments : choice.text)) {
        const delta = tool ? { type: 'input_json_delta', partial_json: piece } : { type: 'text_delta', text: piece };
        yield event('content_block_delta', { index: 0, delta });
      }
      yield event('content_block_stop', { index: 0 });
      yield event('message_delta', {
        delta: { stop_reason: stop_reasons[choice.finish], stop_sequence: null },
        usage: { output_tokens: choice.output_tokens },
      });
    }
    yield event('message_stop');
  },
};

function message(answer: MockAnswer, { id }: MockStamp): JsonObject {
  return {
    ...{ id: `msg_${id}`, type: 'message', role: 'assistant', model: answer.model },
    ...{ content: [], stop_reason: null, stop_sequence: null },
  };
}

function block({ tool, text }: MockChoice, { id }: MockStamp): JsonObject {
  if (!tool) return { type: 'text', text };
  return { type: 'tool_use', id: `toolu_${id}`, name: tool.name, input: inputOf(tool.arguments) };
}

/** Arguments that the bound cut in two are no JSON; the provider then gives an empty input. */
function inputOf(written: string): JsonObject {
  try {
    const input: unknown = JSON.parse(written);
    return isObject(input) ? input : {};
  } catch {
    return {};
  }
}

function usage({ input_tokens }: MockAnswer, output_tokens: number): JsonObject {
  return {
    input_tokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens,
    service_tier: 'standard',
  };
}
