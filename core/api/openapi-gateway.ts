import { wires } from '../activity/wires/index.ts';
import type { JsonObject } from '../base/json.ts';

const header = (name: string, description: string): JsonObject => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
});

/** What a caller may say about a call; a header of this prefix that is not known is refused. */
const claims: readonly JsonObject[] = [
  header('x-aos-agent-id', 'The agent that calls: id or slug. Registered at first sight.'),
  header('x-aos-actor-id', 'The human on whose behalf it calls: id or slug.'),
  header('x-aos-session-id', 'Calls of one session belong to one run, until it has been idle.'),
  header('x-aos-run-id', 'The run that the call belongs to; it must be of the project of the key.'),
  header('x-aos-step-id', 'The step in which the call is made, which it then stands under.'),
  header('x-aos-project', 'The project of the call: id or slug. Only for keys of the whole tenant.'),
  header('x-aos-tags', 'Tags for policies and lists: team=search,env=prod'),
  header('x-aos-meta-*', 'A tag of its own: x-aos-meta-ticket: 4711 is the tag meta.ticket=4711.'),
  header('x-aos-dry-run', '1: decide and answer with the decision, call no provider.'),
  header('traceparent', 'The trace of the caller (W3C), which the spans of the call go on with.'),
  header(
    'idempotency-key',
    'While a call under this key is in flight, another one is refused with 409. No answer is kept: repeated after the first has ended, however it ended, the call is made and charged again.',
  ),
];

const told = (description: string): JsonObject => ({ description, schema: { type: 'string' } });

/** What every answer of the gateway tells about its governance. */
const facts: JsonObject = {
  'x-request-id': told('Names this request in the log.'),
  'x-aos-run-id': told('The run that the call belongs to.'),
  'x-aos-decision': told('continue, warn, pause, block or kill'),
  'x-aos-decision-id': told('The decision, to be read at /api/v1/decisions/{id}'),
  'x-aos-policies': told('Policies that applied'),
  'x-aos-limit': told('The tightest limit whose policy tells callers of amounts: id, unit, remaining, reset'),
  'x-aos-shadow': told('What shadow policies would have done, when it is more than nothing'),
  'x-aos-max-tokens': told('The bound on output tokens that was added for the caller'),
};

const titles: Record<keyof typeof wires, string> = {
  chat: 'Chat completions, OpenAI wire',
  responses: 'Responses, OpenAI wire',
  messages: 'Messages, Anthropic wire',
  embeddings: 'Embeddings, OpenAI wire',
};

/** A governed call: the body is the provider's own, and passes through but for the bound on its output. */
const callOf = (name: keyof typeof wires, operationId: string): JsonObject => ({
  operationId,
  tags: ['Gateway'],
  summary: titles[name],
  description:
    'Decided, held, forwarded, metered and recorded. Members that the wire does not know pass through to the provider. Needs a key with the permission `call`.',
  'x-permission': 'call',
  parameters: [...claims],
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            model: { type: 'string', description: '`provider/model`, a model that one provider serves, or `default`' },
            stream: { type: 'boolean', default: false },
          },
          required: ['model'],
        },
        example: examples[name],
      },
    },
  },
  responses: {
    200: { description: "The provider's answer, whole or as server-sent events", headers: facts },
    ...Object.fromEntries(refusals.map((status) => [status, { $ref: `#/components/responses/${status}` }])),
  },
});

const refusals = [400, 401, 402, 403, 404, 409, 413, 429, 500, 502, 503, 504];

const hello = [{ role: 'user', content: 'Say hello.' }];
const examples: Record<keyof typeof wires, JsonObject> = {
  chat: { model: 'mock-small', messages: hello, max_tokens: 100 },
  responses: { model: 'mock-small', input: 'Say hello.', max_output_tokens: 100 },
  messages: { model: 'mock-small', messages: hello, max_tokens: 100 },
  embeddings: { model: 'text-embedding-3-small', input: 'Say hello.' },
};

const messages = { 'application/x-protobuf': { schema: {} }, 'application/json': { schema: {} } };

/** What agents that are not proxied tell afterwards. */
const reporting: JsonObject = {
  operationId: 'reportSpans',
  tags: ['Gateway'],
  summary: 'Spans of agents that are not proxied, OTLP over HTTP',
  description:
    'Takes an `ExportTraceServiceRequest` in protobuf or JSON, plain or gzip. Spans of the GenAI conventions become runs and steps with `source: reported`: observed, never counted by limits. Sent again, they change nothing. Answers an `ExportTraceServiceResponse`, refuses with a `google.rpc.Status`, in the encoding of the request. Needs a key with the permission `call`.',
  'x-permission': 'call',
  parameters: [header('x-aos-project', 'The project of the spans: id or slug. Only for keys of the whole tenant.')],
  requestBody: { required: true, content: messages },
  responses: {
    200: { description: 'Taken; `partial_success` counts spans that were not, with a reason', content: messages },
    ...Object.fromEntries(
      [400, 401, 403, 413, 415, 429, 503].map((status) => [
        status,
        { description: 'A `google.rpc.Status`', content: messages },
      ]),
    ),
  },
};

const plain = (operationId: string, summary: string, description: string, type = 'application/json'): JsonObject => ({
  operationId,
  tags: ['Operations'],
  summary,
  description,
  'x-permission': 'public',
  security: [],
  responses: { 200: { description: 'Yes', content: { [type]: { schema: {} } } } },
});

const forms =
  "In OpenAI's form; in Anthropic's for who sends `anthropic-version` and below `/anthropic`. Needs a key with the permission `call`.";

const modelsGet = (
  operationId: string,
  summary: string,
  description: string,
  parameters: JsonObject[],
): JsonObject => ({
  operationId,
  tags: ['Gateway'],
  summary,
  description: `${description} ${forms}`,
  'x-permission': 'call',
  parameters,
  responses: {
    200: { description: summary, content: { 'application/json': { schema: {} } } },
    ...Object.fromEntries([400, 401, 403, 404].map((status) => [status, { $ref: `#/components/responses/${status}` }])),
  },
});

const paging = (name: string, description: string): JsonObject => ({
  name,
  in: 'query',
  required: false,
  description: `${description} In Anthropic's form only.`,
  schema: { type: name === 'limit' ? 'integer' : 'string' },
});

const listing = (operationId: string): JsonObject =>
  modelsGet(operationId, 'Models that can be called', 'Models of the configured providers.', [
    paging('limit', '1 to 1000; all without it.'),
    paging('after_id', 'The models after this one.'),
    paging('before_id', 'The models before this one.'),
  ]);

const id: JsonObject = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'A name that a call may have in `model`; slashes in it encoded or not.',
  schema: { type: 'string' },
};

const retrieving = (operationId: string): JsonObject =>
  modelsGet(
    operationId,
    'A model that can be called',
    'What a name means; 404 `model_not_found` where it means none.',
    [id],
  );

/** Paths that are not endpoints of the control plane. */
export const other_paths: Record<string, JsonObject> = {
  [`/v1${wires.chat.path}`]: { post: callOf('chat', 'createChatCompletion') },
  [`/v1${wires.responses.path}`]: { post: callOf('responses', 'createResponse') },
  [`/v1${wires.messages.path}`]: { post: callOf('messages', 'createMessage') },
  [`/anthropic/v1${wires.messages.path}`]: { post: callOf('messages', 'createAnthropicMessage') },
  [`/v1${wires.embeddings.path}`]: { post: callOf('embeddings', 'createEmbedding') },
  '/v1/traces': { post: reporting },
  '/v1/models': { get: listing('listModels') },
  '/v1/models/{id}': { get: retrieving('retrieveModel') },
  '/anthropic/v1/models': { get: listing('listAnthropicModels') },
  '/anthropic/v1/models/{id}': { get: retrieving('retrieveAnthropicModel') },
  '/health': { get: plain('getHealth', 'Whether calls can be taken', 'Needs no key.') },
  '/ready': { get: plain('getReadiness', 'Whether the database answers', 'Needs no key. 503 when it does not.') },
  '/metrics': {
    get: plain('getProcessMetrics', 'Figures of the process for Prometheus', 'Needs no key.', 'text/plain'),
  },
};
