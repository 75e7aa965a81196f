import type { z } from 'zod';
import { type ProblemCode, problem_catalog } from '../base/error.ts';
import type { JsonObject } from '../base/json.ts';
import type { Endpoint } from './endpoint.ts';
import { other_paths } from './openapi-gateway.ts';
import { operationOf, templated } from './openapi-operation.ts';
import { schemaBook } from './openapi-schema.ts';

/**
 * The OpenAPI 3.1 document of everything a client may call, made from the schemas that parse requests and answers.
 * Pure: equal endpoints give an equal document.
 */
export function openapiDocument(endpoints: Readonly<Record<string, Endpoint>>, version: string): JsonObject {
  const book = schemaBook(namesOf(endpoints));
  const paths: Record<string, JsonObject> = { ...other_paths };
  for (const [name, endpoint] of Object.entries(endpoints)) {
    const path = templated(endpoint.path);
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operationOf(name, endpoint, book) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'AOS',
      version,
      description:
        'The control plane for LLM runs. Names are the same from the database to here: snake_case; ids are TypeIDs; instants are RFC 3339 in UTC with milliseconds; money is an exact decimal text in USD. Unknown query parameters and body members are refused.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { key_header: [] }],
    tags: ['Gateway', 'Activity', 'Policies', 'Incidents', 'Logs', 'Administration', 'Operations'].map((name) => ({
      name,
    })),
    paths: sorted(paths),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer aos_…' },
        key_header: { type: 'apiKey', in: 'header', name: 'X-AOS-Key' },
      },
      responses: problemResponses(),
      schemas: sorted({ ...book.components, Problem: problem_schema }),
    },
  };
}

/**
 * Names for answers that do not name themselves: what `getPolicy` answers is a `Policy`. A schema that several
 * endpoints answer with is one component.
 */
function namesOf(endpoints: Readonly<Record<string, Endpoint>>): Map<z.core.$ZodType, string> {
  const names = new Map<z.core.$ZodType, string>();
  const ordered = Object.entries(endpoints).sort(
    ([a], [b]) => Number(b.startsWith('get')) - Number(a.startsWith('get')),
  );
  for (const [name, { answer, events }] of ordered) {
    if (events || answer.meta()?.id !== undefined || names.has(answer)) continue;
    const noun = name.startsWith('get') ? name.slice(3) : `${name[0]?.toUpperCase()}${name.slice(1)}Answer`;
    names.set(answer, noun);
  }
  return names;
}

const sorted = <T>(of: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));

const problem_schema: JsonObject = {
  type: 'object',
  description: 'Why a request was refused. The message says what is wrong and what to do about it.',
  properties: {
    error: {
      type: 'object',
      properties: {
        message: { type: 'string' },
        type: { type: 'string', enum: [...new Set(Object.values(problem_catalog).map(({ type }) => type))] },
        code: { type: 'string', enum: Object.keys(problem_catalog) },
        param: { type: 'null' },
        details: {
          type: 'object',
          description: 'Of a refused call: decision, policy, limit, amounts, reset and page',
        },
      },
      required: ['message', 'type', 'code', 'param'],
    },
  },
  required: ['error'],
};

/** One response for each status, naming its codes. */
function problemResponses(): JsonObject {
  const by_status = new Map<number, ProblemCode[]>();
  for (const [code, { status }] of Object.entries(problem_catalog)) {
    by_status.set(status, [...(by_status.get(status) ?? []), code as ProblemCode]);
  }
  const response = (codes: ProblemCode[]): JsonObject => ({
    description: codes.map((code) => `\`${code}\``).join(', '),
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
  return Object.fromEntries(
    [...by_status].sort(([a], [b]) => a - b).map(([status, codes]) => [status, response(codes)]),
  );
}
