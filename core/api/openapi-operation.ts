import { isObject, type JsonObject } from '../base/json.ts';
import type { Endpoint } from './endpoint.ts';
import type { SchemaBook } from './openapi-schema.ts';

/** Which part of the control plane a path belongs to, by its first segment. */
const domains: Record<string, string> = {
  activity: 'Activity',
  runs: 'Activity',
  decisions: 'Activity',
  policies: 'Policies',
  limits: 'Policies',
  incidents: 'Incidents',
  logs: 'Logs',
};

const domainOf = (path: string): string =>
  path.startsWith('/v1/') ? 'Gateway' : (domains[path.split('/')[3] ?? ''] ?? 'Administration');

/** `/api/v1/runs/:id` → `/api/v1/runs/{id}`. */
export const templated = (path: string): string => path.replace(/:(\w+)/g, '{$1}');

/** One endpoint as an operation of the document. */
export function operationOf(name: string, endpoint: Endpoint, book: SchemaBook): JsonObject {
  const { summary, permission, status, method } = endpoint;
  const query = book.ofQuery(endpoint.query);
  const has_query = Object.keys(propertiesOf(query)).length > 0;
  const body = method === 'GET' ? {} : book.ofRequest(endpoint.body);
  const has_body = Object.keys(propertiesOf(body)).length > 0;
  const parameters = [
    ...parametersIn('path', book.ofQuery(endpoint.params)),
    ...parametersIn('query', query),
    ...(method === 'POST' && endpoint.path.startsWith('/api/') ? [idempotency_key] : []),
    ...(endpoint.events ? [last_event_id] : []),
  ];
  const problems = [
    ...(has_query || has_body ? [400] : []),
    ...(permission === 'public' ? [] : [401, 403]),
    ...(endpoint.path.includes(':') ? [404] : []),
    ...(method === 'GET' ? [] : [409]),
    ...(has_body ? [413, 415] : []),
    ...[500, 503],
  ];
  const answered = endpoint.events
    ? { 'text/event-stream': { schema: book.ofAnswer(endpoint.events) } }
    : json(book.ofAnswer(endpoint.answer));
  return {
    operationId: name,
    tags: [domainOf(endpoint.path)],
    summary,
    description: permission === 'public' ? 'Needs no key.' : `Needs a key with the permission \`${permission}\`.`,
    'x-permission': permission,
    ...(permission === 'public' && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(has_body && { requestBody: { required: true, content: json(body) } }),
    responses: {
      ...Object.fromEntries(
        (endpoint.goesOn ? ([status, 202] as const) : [status]).map((code) => [
          code,
          { description: described[code], content: answered },
        ]),
      ),
      ...Object.fromEntries(problems.map((code) => [code, { $ref: `#/components/responses/${code}` }])),
    },
  };
}

const described: Record<Endpoint['status'], string> = { 200: 'Done', 201: 'Made', 202: 'Accepted' };

const json = (schema: JsonObject): JsonObject => ({ 'application/json': { schema } });

const propertiesOf = (schema: JsonObject): JsonObject => (isObject(schema.properties) ? schema.properties : {});

const idempotency_key: JsonObject = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same body gets the first answer again; with another body, 409.',
  schema: { type: 'string', maxLength: 255 },
};

const last_event_id: JsonObject = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'The id of the last event that arrived: the answer begins after it.',
  schema: { type: 'string', maxLength: 2_000 },
};

function parametersIn(place: 'path' | 'query', schema: JsonObject): JsonObject[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(propertiesOf(schema)).map(([name, part]) => {
    const { description, ...rest } = isObject(part) ? part : {};
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}
