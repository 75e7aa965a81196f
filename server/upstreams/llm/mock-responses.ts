import { sse } from '@aos/core/activity/wires/events.ts';
import type { JsonObject } from '@aos/core/base/json.ts';
import { type MockAnswer, type MockChoice, piecesOf } from './mock-answer.ts';
import type { MockForm, MockStamp } from './mock-form.ts';

/** A mock answer as OpenAI's responses give it. */
export const mockResponses: MockForm = {
  plain: (answer, stamp) => finished(answer, stamp),

  *events(answer, stamp) {
    let sequence_number = 0;
    const event = (type: string, data: JsonObject) => sse({ type, sequence_number: sequence_number++, ...data }, type);
    const started = { ...response(answer, stamp), status: 'in_progress' };
    yield event('response.created', { response: started });
    yield event('response.in_progress', { response: started });
    for (const [output_index, choice] of answer.choices.entries()) {
      const item = itemOf(choice, stamp);
      const at = { item_id: item.id ?? null, output_index };
      const opened = choice.tool ? { arguments: '' } : { content: [] };
      yield event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', ...opened } });
      if (choice.tool) {
        for (const delta of piecesOf(choice.tool.arguments)) {
          yield event('response.function_call_arguments.delta', { ...at, delta });
        }
        const said = { name: choice.tool.name, arguments: choice.tool.arguments };
        yield event('response.function_call_arguments.done', { ...at, ...said });
      } else {
        const part = { ...at, content_index: 0 };
        yield event('response.content_part.added', { ...part, part: textPart('') });
        for (const delta of piecesOf(choice.text)) {
          yield event('response.output_text.delta', { ...part, delta, logprobs: [] });
        }
        yield event('response.output_text.done', { ...part, text: choice.text, logprobs: [] });
        yield event('response.content_part.done', { ...part, part: textPart(choice.text) });
      }
      yield event('response.output_item.done', { output_index, item });
    }
    const is_cut = answer.choices.some((choice) => choice.finish === 'length');
    yield event(is_cut ? 'response.incomplete' : 'response.completed', { response: finished(answer, stamp) });
  },
};

function finished(answer: MockAnswer, stamp: MockStamp): JsonObject {
  const { input_tokens, choices } = answer;
  const output_tokens = choices.reduce((sum, choice) => sum + choice.output_tokens, 0);
  const is_cut = choices.some((choice) => choice.finish === 'length');
  return {
    ...response(answer, stamp),
    status: is_cut ? 'incomplete' : 'completed',
    incomplete_details: is_cut ? { reason: 'max_output_tokens' } : null,
    output: choices.map((choice) => itemOf(choice, stamp)),
    usage: {
      input_tokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input_tokens + output_tokens,
    },
  };
}

function response(answer: MockAnswer, { id, created_s, body }: MockStamp): JsonObject {
  return {
    ...{ id: `resp_${id}`, object: 'response', created_at: created_s, model: answer.model },
    ...{ background: false, error: null, incomplete_details: null, output: [], usage: null },
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    user: body.user ?? null,
  };
}

function itemOf(choice: MockChoice, { id }: MockStamp): JsonObject {
  const status = choice.finish === 'length' ? 'incomplete' : 'completed';
  const { tool } = choice;
  if (tool) return { id: `fc_${id}`, type: 'function_call', status, call_id: `call_${id}`, ...tool };
  return { id: `msg_${id}`, type: 'message', status, role: 'assistant', content: [textPart(choice.text)] };
}

function textPart(text: string): JsonObject {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}
