import type { JsonObject } from '@aos/core/base/json.ts';
import type OpenAI from 'openai';
import {
  countIn,
  lastOfUser,
  namedSse,
  readBound,
  readMessages,
  readModel,
  type StreamScript,
  type StubAnswer,
  type StubRequest,
  type StubWire,
  textOf,
} from './wire.ts';

/** `POST /v1/responses`. Form and event order: the types of the official client. */
export const responses: StubWire = {
  name: 'responses',
  path: '/v1/responses',
  dialect: 'openai',
  id_prefix: 'resp_',
  read(body) {
    const { input } = body;
    const turns = typeof input === 'string' ? [{ role: 'user', text: input }] : readMessages(input, 'input');
    return {
      model: readModel(body),
      stream: body.stream === true,
      include_usage: true,
      max_tokens: readBound(body, 'max_output_tokens'),
      choices: 1,
      prompt: [textOf(body.instructions), ...turns.map(({ text }) => text)].join(''),
      question: lastOfUser(turns),
    };
  },
  usage: ({ input_tokens, output_tokens }) => ({
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + output_tokens,
  }),
  counts: (usage) => ({
    input_tokens: countIn(usage, 'input_tokens'),
    output_tokens: countIn(usage, 'output_tokens'),
  }),
  plain: (answer, body) => finished(answer, body),
  script: responseScript,
};

type Part = OpenAI.Responses.ResponseOutputText;
type Item = OpenAI.Responses.ResponseOutputMessage;

const part = (text: string): Part => ({ type: 'output_text', annotations: [], logprobs: [], text });

const item = ({ id }: StubAnswer, status: Item['status'], content: Part[]): Item => ({
  id: id.replace('resp_', 'msg_'),
  type: 'message',
  status,
  content,
  role: 'assistant',
});

const fullText = ({ pieces }: StubAnswer): string => (pieces[0] ?? []).join('');

const endOf = ({ finish }: StubAnswer) => (finish === 'stop' ? 'completed' : 'incomplete');

function finished(answer: StubAnswer, body: JsonObject): JsonObject {
  const status = endOf(answer);
  return {
    ...response(answer, body, status, [item(answer, status, [part(fullText(answer))])]),
    ...(answer.usage !== undefined && { usage: answer.usage }),
  };
}

/** The response object without its usage, echoing what the caller asked for. */
function response(
  { id, created_s, model }: StubAnswer,
  body: JsonObject,
  status: 'in_progress' | 'completed' | 'incomplete',
  output: Item[],
) {
  return {
    id,
    object: 'response',
    created_at: created_s,
    status,
    background: false,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: typeof body.instructions === 'string' ? body.instructions : null,
    max_output_tokens: typeof body.max_output_tokens === 'number' ? body.max_output_tokens : null,
    model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    metadata: {},
  } satisfies Omit<OpenAI.Responses.Response, 'output_text' | 'usage'> as unknown as JsonObject;
}

function responseScript(answer: StubAnswer, _request: StubRequest, body: JsonObject): StreamScript {
  let sequence_number = 0;
  const event = (type: string, more: object): string => namedSse({ type, ...more, sequence_number: sequence_number++ });
  const place = { item_id: item(answer, 'in_progress', []).id, output_index: 0, content_index: 0 };
  const begun = { response: response(answer, body, 'in_progress', []) };
  const head =
    event('response.created', begun) +
    event('response.in_progress', begun) +
    event('response.output_item.added', { output_index: 0, item: item(answer, 'in_progress', []) }) +
    event('response.content_part.added', { ...place, part: part('') });
  return {
    head,
    chunk: (_choice, delta) => event('response.output_text.delta', { ...place, delta, logprobs: [] }),
    tail: () => {
      const status = endOf(answer);
      const text = fullText(answer);
      return (
        event('response.output_text.done', { ...place, text, logprobs: [] }) +
        event('response.content_part.done', { ...place, part: part(text) }) +
        event('response.output_item.done', { output_index: 0, item: item(answer, status, [part(text)]) }) +
        event(`response.${status}`, { response: finished(answer, body) })
      );
    },
    error: (message) => event('error', { code: 'server_error', message, param: null }),
  };
}
