import { createHash } from 'node:crypto';
import { mockTokens } from '@aos/core/activity/tokens.ts';
import type { WireRequest } from '@aos/core/activity/wires/define.ts';
import type { Json, JsonObject } from '@aos/core/base/json.ts';

/** Dimensions when the request names none. */
const default_dimensions = 256;
const max_dimensions = 3_072;

/** Vectors of length 1 that the input decides, as OpenAI's embeddings give them. */
export function mockEmbeddings(model: string, request: WireRequest, body: JsonObject): JsonObject {
  const { input } = body;
  const is_one = !Array.isArray(input) || typeof input[0] === 'number';
  const asked = typeof body.dimensions === 'number' ? body.dimensions : default_dimensions;
  const dimensions = Math.min(Math.max(Math.trunc(asked), 1), max_dimensions);
  const tokens = typeof input === 'string' ? mockTokens(input) : Math.max(1, mockTokens(request.prompt.text()));
  return {
    object: 'list',
    data: (is_one ? [input ?? null] : input).map((item, index) => {
      const vector = vectorOf(item, dimensions);
      return {
        object: 'embedding',
        index,
        embedding: body.encoding_format === 'base64' ? base64(vector) : [...vector],
      };
    }),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function vectorOf(input: Json, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  const text = JSON.stringify(input);
  for (let at = 0; at < dimensions; at += 16) {
    const digest = createHash('sha256').update(`${at}\n${text}`).digest();
    for (let i = 0; i < 16 && at + i < dimensions; i++) vector[at + i] = digest.readInt16BE(2 * i);
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

/** 32-bit floats, little-endian: what the official client asks for by default. */
function base64(vector: Float32Array): string {
  const bytes = Buffer.alloc(4 * vector.length);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, 4 * at);
  return bytes.toString('base64');
}
