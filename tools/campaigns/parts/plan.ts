import { createHash } from 'node:crypto';
import type { JsonObject } from '@aos/core/base/json.ts';
import type { Directive } from '../../simulate/stub/directive.ts';

export type WireName = 'chat' | 'responses' | 'messages' | 'embeddings';

/** One call as it will be offered. Its label stands in its prompt, so no two calls have the same bytes. */
export interface PlannedCall {
  label: string;
  wire: WireName;
  model: string;
  path: string;
  body: Buffer;
  /** sha256 of the body: how the records know the call. */
  prompt_hash: string;
  key: string;
  headers: Record<string, string>;
  /** When the caller goes away; null: it stays. */
  leave_after_ms: number | null;
  leave_after_bytes: number | null;
  directive: Directive;
}

export interface CallShape {
  label: string;
  wire: WireName;
  model: string;
  stream: boolean;
  /** Text before the directive. */
  text: string;
  /** Null: the caller names no bound. */
  max_tokens: number | null;
  directive: Directive;
  /** Members of the body beside those of the wire's own form. */
  more?: JsonObject;
}

const paths: Record<WireName, string> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  embeddings: '/v1/embeddings',
};

const bound_fields: Record<WireName, string | null> = {
  chat: 'max_tokens',
  responses: 'max_output_tokens',
  messages: 'max_tokens',
  embeddings: null,
};

/** The bytes of a call on its wire, with the stub's directive in the text. */
export function planCall(shape: CallShape, key: string): PlannedCall {
  const { label, wire, model, directive } = shape;
  const body = Buffer.from(JSON.stringify(bodyOf(shape)));
  return {
    label,
    wire,
    model,
    path: paths[wire],
    body,
    prompt_hash: createHash('sha256').update(body).digest('hex'),
    key,
    headers: {},
    leave_after_ms: null,
    leave_after_bytes: null,
    directive,
  };
}

function bodyOf({ label, wire, model, stream, text, max_tokens, directive, more }: CallShape): JsonObject {
  const content = `${text} stub: ${JSON.stringify({ label, ...directive })}`;
  const bound = bound_fields[wire];
  const prompt =
    wire === 'chat' || wire === 'messages' ? { messages: [{ role: 'user', content }] } : { input: content };
  return {
    model,
    ...prompt,
    ...(bound !== null && max_tokens !== null && { [bound]: max_tokens }),
    ...(stream && wire !== 'embeddings' && { stream: true }),
    ...more,
  };
}
