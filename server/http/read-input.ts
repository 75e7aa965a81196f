import type { Endpoint } from '@aos/core/api/endpoint.ts';
import { Problem, type ProblemCode } from '@aos/core/base/error.ts';
import { explainIssues, issuesOf } from '@aos/core/base/issues.ts';
import { isObject, parseBody } from '@aos/core/base/json.ts';
import { didYouMean } from '@aos/core/base/nearest.ts';
import { membersAt } from '@aos/core/base/schema-members.ts';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

export interface Input {
  params: unknown;
  query: unknown;
  body: unknown;
}

/** The request as its endpoint wants it. Throws what is wrong with it, named, with what would be right. */
export function readInput(endpoint: Endpoint, request: FastifyRequest): Input {
  return {
    params: read(endpoint.params, request.params, 'not_found', 'There is nothing at this path'),
    query: read(endpoint.query, request.query, 'invalid_query', 'The query cannot be read'),
    body:
      endpoint.method === 'GET' ? {} : read(endpoint.body, bodyOf(request), 'invalid_body', 'The body cannot be read'),
  };
}

/** No body is an empty one: what it lacks is then named. */
function bodyOf(request: FastifyRequest): unknown {
  return Buffer.isBuffer(request.body) && request.body.length > 0 ? parseBody(request.body) : {};
}

function read(schema: z.ZodType, input: unknown, code: ProblemCode, what: string): unknown {
  const value = { ...(isObject(input) ? input : {}) };
  refuseUnstorable(value, code, what);
  refuseUnknown(schema, value, code, what);
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const details = code === 'not_found' ? {} : { details: { issues: issuesOf(error, value, schema).slice(0, 20) } };
  throw new Problem(code, `${what}: ${explainIssues(error, value, schema)}`, details);
}

/** Whatever the schema does with members it does not know: here they are refused, so a misspelled one is never ignored. */
function refuseUnknown(schema: z.ZodType, value: Record<string, unknown>, code: ProblemCode, what: string): void {
  const known = [...membersAt(schema, [], value).keys()];
  const unknown = Object.keys(value).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const named = unknown
    .slice(0, 8)
    .map((name) => `${JSON.stringify(name.slice(0, 100))} is not known here${didYouMean(name, known)}`);
  const all = known.length > 0 ? ` Known are ${known.join(', ')}.` : ' Send none.';
  throw new Problem(code, `${what}: ${named.join('; ')}.${all}`);
}

/** NUL and halves of surrogate pairs: JSON can write them, the database has no place for them. */
const unstorable = /[\0\p{Surrogate}]/u;

function refuseUnstorable(value: unknown, code: ProblemCode, what: string): void {
  if (typeof value === 'string' && unstorable.test(value)) {
    throw new Problem(
      code,
      `${what}: a text in it has a NUL or half of a surrogate pair, which is no character. Leave it out.`,
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    // Readers in JavaScript take it for something else and pass it over: it would be dropped without a word.
    if (name === '__proto__') throw new Problem(code, `${what}: a member is named "__proto__". Give it another name.`);
    refuseUnstorable(name, code, what);
    refuseUnstorable(member, code, what);
  }
}
