import type Anthropic from '@anthropic-ai/sdk';
import type { JsonObject } from '@aos/core/base/json.ts';
import {
  countIn,
  lastOfUser,
  namedSse,
  Refusal,
  readBound,
  readMessages,
  readModel,
  type StreamScript,
  type StubAnswer,
  type StubWire,
  textOf,
} from './wire.ts';

/** `POST /v1/messages`. Form: the types of the official client, and the event order its stream reader asks for. */
export const messages: StubWire = {
  name: 'messages',
  path: '/v1/messages',
  dialect: 'anthropic',
  id_prefix: 'msg_01',
  read(body) {
    const turns = readMessages(body.messages, 'messages');
    const max_tokens = readBound(body, 'max_tokens');
    if (max_tokens === null) throw new Refusal(400, 'max_tokens: Field required', 'max_tokens');
    return {
      model: readModel(body),
      stream: body.stream === true,
      include_usage: true,
      max_tokens,
      choices: 1,
      prompt: [textOf(body.system), ...turns.map(({ text }) => text)].join(''),
      question: lastOfUser(turns),
    };
  },
  usage: ({ input_tokens, output_tokens }) => ({
    input_tokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens,
    service_tier: 'standard',
  }),
  // Here, and only here, cached input is not part of `input_tokens`.
  counts: (usage) => ({
    input_tokens:
      countIn(usage, 'input_tokens') +
      countIn(usage, 'cache_creation_input_tokens') +
      countIn(usage, 'cache_read_input_tokens'),
    output_tokens: countIn(usage, 'output_tokens'),
  }),
  plain: (answer) =>
    message(answer, [{ type: 'text', text: (answer.pieces[0] ?? []).join('') }], stopReason(answer), answer.usage),
  script: messageScript,
};

const stopReason = ({ finish }: StubAnswer): Anthropic.StopReason => (finish === 'stop' ? 'end_turn' : 'max_tokens');

function message(
  { id, model }: StubAnswer,
  content: { type: 'text'; text: string }[],
  stop_reason: Anthropic.StopReason | null,
  usage: JsonObject | null | undefined,
): JsonObject {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason,
    stop_sequence: null,
    ...(usage !== undefined && { usage }),
  };
}

function messageScript(answer: StubAnswer): StreamScript {
  const { usage } = answer;
  // The first event reports the input and at most one token of output; the last one the cumulative totals.
  const first = usage ? { ...usage, output_tokens: Math.min(1, countIn(usage, 'output_tokens')) } : usage;
  const { cache_creation: _, service_tier: __, ...totals } = usage ?? {};
  const delta = {
    type: 'message_delta',
    delta: { stop_reason: stopReason(answer), stop_sequence: null },
    ...(usage !== undefined && { usage: usage && totals }),
  };
  return {
    head:
      namedSse({ type: 'message_start', message: message(answer, [], null, first) }) +
      namedSse({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }) +
      namedSse({ type: 'ping' }),
    chunk: (_choice, text) =>
      `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${JSON.stringify(text)}}}\n\n`,
    tail: () =>
      namedSse({ type: 'content_block_stop', index: 0 }) + namedSse(delta) + namedSse({ type: 'message_stop' }),
    error: (text) => namedSse({ type: 'error', error: { type: 'api_error', message: text } }),
  };
}
