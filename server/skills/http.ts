import type { Json } from '@aos/core/base/json.ts';
import { z } from 'zod';
import { OutboundFailure } from '../base/outbound/failure.ts';
import { defineSkill, SkillFailure } from './define.ts';

const params = z.strictObject({
  url: z.string().min(1).max(2_000),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/), z.string().max(4_000)).default({}),
  /** A text is sent as it is, anything else as JSON. */
  body: z.custom<Json>((value) => value !== undefined).optional(),
  timeout_seconds: z.number().min(0.1).max(120).default(30),
});

/** What is read of an answer. */
const answer_bytes_max = 1_000_000;

/** Sends one HTTP request, to addresses of the public internet and those an administrator allows. */
export const http = defineSkill({
  name: 'http',
  title: 'send an HTTP request',
  kind: 'tool',
  params,
  effects: 'once',
  // Methods that only read: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
  mayRepeat: ({ method }) => method === 'GET' || method === 'HEAD',
  cost: 'what the other side charges',
  failures: {
    refused: 'the address may not be called, or the request cannot be made',
    unreachable: 'nobody answers at the address',
    timeout: 'the answer did not come in time',
    broken: 'the connection broke before the answer was complete',
    http_status: 'the answer has a status of 400 or more',
    too_large: 'the answer is larger than 1 MB',
  },
  examples: {
    good: [
      { url: 'http://127.0.0.1:9/', method: 'GET', headers: {}, timeout_seconds: 1 },
      {
        url: 'http://127.0.0.1:9/',
        method: 'POST',
        headers: { accept: 'text/plain' },
        body: { a: 1 },
        timeout_seconds: 1,
      },
    ],
    bad: [
      {},
      { url: '' },
      { url: 'http://example.com/', method: 'TRACE' },
      { url: 'http://example.com/', redirect: true },
    ],
  },
  async work({ url, method, headers, body, timeout_seconds }, { outbound, signal }) {
    const is_text = typeof body === 'string';
    const request = {
      url,
      method,
      headers: { ...(body !== undefined && !is_text && { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : is_text ? body : JSON.stringify(body),
      within_ms: timeout_seconds * 1000,
      max_bytes: answer_bytes_max,
      signal,
    };
    const answer = await outbound.send(request).catch((error: unknown) => {
      if (error instanceof OutboundFailure) throw new SkillFailure(error.kind, error.message);
      throw error;
    });
    if (answer.is_cut) throw new SkillFailure('too_large', `the answer is larger than ${answer_bytes_max} bytes`);
    if (answer.status >= 400) throw new SkillFailure('http_status', `the other side answered ${answer.status}`);
    const type = String(answer.headers['content-type'] ?? '');
    return { status: answer.status, content_type: type, body: bodyOf(type, answer.body.toString('utf8')) };
  },
});

function bodyOf(type: string, text: string): Json {
  if (!/\bjson\b/i.test(type)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
