import { sse } from '@aos/core/activity/wires/events.ts';
import { isObject, type JsonObject } from '@aos/core/base/json.ts';
import { type MockAnswer, type MockChoice, piecesOf } from './mock-answer.ts';
import type { MockForm } from './mock-form.ts';

const finish_reasons = { stop: 'stop', length: 'length', tool: 'tool_calls' } as const;

/** A mock answer as OpenAI's chat completions give it. */
export const mockChat: MockForm = {
  plain: (answer, { id, created_s }) => ({
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: created_s,
    model: answer.model,
    choices: answer.choices.map((choice, index) => ({
      index,
      message: {
        role: 'assistant',
        content: choice.tool ? null : choice.text,
        refusal: null,
        annotations: [],
        ...(choice.tool && { tool_calls: [toolCall(choice.tool, callId(id, index))] }),
      },
      logprobs: null,
      finish_reason: finish_reasons[choice.finish],
    })),
    usage: usage(answer),
    service_tier: 'default',
    system_fingerprint: 'fp_mock',
  }),

  *events(answer, { id, created_s, body }) {
    const { stream_options } = body;
    const is_usage_asked = isObject(stream_options) && stream_options.include_usage === true;
    const chunk = (choices: JsonObject[], total: JsonObject | null = null) =>
      sse({
        id: `chatcmpl-${id}`,
        object: 'chat.completion.chunk',
        created: created_s,
        model: answer.model,
        service_tier: 'default',
        system_fingerprint: 'fp_mock',
        choices,
        ...(is_usage_asked && { usage: total }),
      });
    for (const [index, choice] of answer.choices.entries()) {
      const say = (delta: JsonObject, finish_reason: string | null = null) =>
        chunk([{ index, delta, logprobs: null, finish_reason }]);
      for (const delta of deltas(choice, callId(id, index))) yield say(delta);
      yield say({}, finish_reasons[choice.finish]);
    }
    if (is_usage_asked) yield chunk([], usage(answer));
    yield 'data: [DONE]\n\n';
  },
};

function* deltas(choice: MockChoice, call_id: string): Generator<JsonObject> {
  const { tool } = choice;
  if (!tool) {
    yield { role: 'assistant', content: '', refusal: null };
    for (const content of piecesOf(choice.text)) yield { content };
    return;
  }
  const opened = toolCall({ ...tool, arguments: '' }, call_id);
  yield { role: 'assistant', content: null, tool_calls: [{ index: 0, ...opened }], refusal: null };
  for (const part of piecesOf(tool.arguments)) yield { tool_calls: [{ index: 0, function: { arguments: part } }] };
}

function toolCall(tool: { name: string; arguments: string }, id: string): JsonObject {
  return { id, type: 'function', function: { name: tool.name, arguments: tool.arguments } };
}

const callId = (id: string, index: number) => `call_${id.slice(0, 22)}${index}`;

function usage({ input_tokens, choices }: MockAnswer): JsonObject {
  const output_tokens = choices.reduce((sum, choice) => sum + choice.output_tokens, 0);
  return {
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens: input_tokens + output_tokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      ...{ reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
    },
  };
}
