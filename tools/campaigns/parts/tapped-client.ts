import { createHash } from 'node:crypto';
import { present } from '@aos/core/base/assert.ts';
import type OpenAI from 'openai';
import { openaiClient, type ServerAddress } from '../../../e2e/parts/client.ts';

/** What went over the wire in one call of the official client. */
export interface Tapped {
  prompt_hash: string;
  /** Resolves when the answer has come to its end. */
  response_hash: Promise<string>;
  run_id: string | null;
  decision_id: string | null;
}

/** The official client for one call, with a look at its bytes; it changes none of them. */
export function tappedClient(
  server: ServerAddress,
  key: string,
  headers: Record<string, string>,
): { client: OpenAI; tapped: () => Tapped } {
  let seen: Tapped | null = null;
  const tap: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const [ours, theirs] = present(response.body, 'the body of an answer').tee();
    seen = {
      prompt_hash: createHash('sha256').update(String(init?.body)).digest('hex'),
      response_hash: hashOf(ours),
      run_id: response.headers.get('x-aos-run-id'),
      decision_id: response.headers.get('x-aos-decision-id'),
    };
    const { status, headers: answered } = response;
    return new Response(theirs, { status, headers: answered });
  };
  const client = openaiClient(server, key, { maxRetries: 0, fetch: tap, defaultHeaders: headers });
  return { client, tapped: () => present(seen, 'the call') };
}

async function hashOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of body) hash.update(part);
  return hash.digest('hex');
}
