import type { Json } from '@aos/core/base/json.ts';
import { hashOf } from './answer.ts';
import { countIn, Refusal, readBound, readModel, type StubWire } from './wire.ts';

/** What text-embedding-3-small gives when nothing is asked for. */
const default_dimensions = 1536;

/** `POST /v1/embeddings`: unit vectors made up from a hash of each input. Never streamed, no output tokens. */
export const embeddings: StubWire = {
  name: 'embeddings',
  path: '/v1/embeddings',
  dialect: 'openai',
  id_prefix: 'embd-',
  read(body) {
    const texts = inputsOf(body.input);
    return {
      model: readModel(body),
      stream: false,
      include_usage: true,
      max_tokens: null,
      choices: 1,
      prompt: texts.join(''),
      question: texts.at(-1) ?? '',
    };
  },
  usage: ({ input_tokens }) => ({ prompt_tokens: input_tokens, total_tokens: input_tokens }),
  counts: (usage) => ({ input_tokens: countIn(usage, 'prompt_tokens'), output_tokens: 0 }),
  plain: ({ model, usage }, body) => {
    const dimensions = readBound(body, 'dimensions') ?? default_dimensions;
    const data = inputsOf(body.input).map((text, index) => {
      const vector = vectorOf(text, dimensions);
      const embedding: Json =
        body.encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector];
      return { object: 'embedding', index, embedding };
    });
    return { object: 'list', data, model, ...(usage !== undefined && { usage }) };
  },
};

/** One text per input; a list of token numbers stands for one text. */
function inputsOf(input: Json | undefined): string[] {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input) || input.length === 0) {
    throw new Refusal(400, "Invalid 'input': expected a string or a non-empty array", 'input');
  }
  if (typeof input[0] === 'number') return [input.join(' ')];
  return input.map((each) => (typeof each === 'string' ? each : String(each)));
}

function vectorOf(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  let state = hashOf(text, 1) | 1;
  let length = 0;
  for (let at = 0; at < dimensions; at++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const value = state / 0x80000000;
    vector[at] = value;
    length += value * value;
  }
  const scale = 1 / Math.sqrt(length);
  return vector.map((value) => value * scale);
}
