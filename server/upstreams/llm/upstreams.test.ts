import { buffer } from 'node:stream/consumers';
import type { WireName } from '@aos/core/activity/wires/define.ts';
import { afterAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, scriptedProvider } from '../../../tools/simulate/scripted-provider.ts';
import { type Deadlines, type ProviderKind, UpstreamFailure, type UpstreamRequest } from './define.ts';
import { closePools } from './http.ts';
import { upstreams } from './index.ts';

/** How a provider behaves in a case; the mock provider has a model for each, the others are scripted. */
type Behaviour = 'answers' | 'waits' | 'goes_on' | 'breaks';

const mock_models: Record<Behaviour, string> = {
  answers: 'mock-small',
  waits: 'mock-slow',
  goes_on: 'mock-loop',
  breaks: 'mock-stream-cut',
};

const providers: ScriptedProvider[] = [];
afterAll(async () => {
  await closePools();
  await Promise.all(providers.map((provider) => provider.close()));
});

async function providerFor(behaviour: Behaviour): Promise<string> {
  const provider = await scriptedProvider((response) => {
    if (behaviour === 'waits') return;
    if (behaviour === 'answers') {
      response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req_1' });
      response.end('{"ok":true}');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 0\n\n');
    if (behaviour === 'breaks') setTimeout(() => response.destroy(), 20);
    const ticks = setInterval(() => response.write('data: 1\n\n'), 20);
    response.on('close', () => clearInterval(ticks));
  });
  providers.push(provider);
  return provider.url;
}

const long: Deadlines = { connect_ms: 5_000, first_byte_ms: 20_000, idle_ms: 20_000, total_ms: 60_000 };
const prompts: Record<WireName, object> = {
  chat: { messages: [{ role: 'user', content: 'hi' }] },
  messages: { messages: [{ role: 'user', content: 'hi' }], max_tokens: 9_000 },
  responses: { input: 'hi' },
  embeddings: { input: 'hi' },
};

async function open(
  [kind, wire]: readonly [ProviderKind, WireName],
  behaviour: Behaviour,
  more: { deadlines?: Partial<Deadlines>; signal?: AbortSignal } = {},
) {
  const stream = behaviour !== 'answers' && wire !== 'embeddings';
  const model = wire === 'embeddings' ? 'mock-embedding' : mock_models[behaviour];
  const request: UpstreamRequest = {
    wire,
    path: `/${wire}`,
    body: Buffer.from(JSON.stringify({ model, stream, ...prompts[wire] })),
    headers: {},
    stream,
    deadlines: { ...long, ...more.deadlines },
    sent_at_ms: 0,
    signal: more.signal ?? new AbortController().signal,
  };
  const base_url = kind === 'mock' ? '' : await providerFor(behaviour);
  return upstreams[kind].open({ id: 'p', kind, base_url, secret: 'key' }, request);
}

async function failureOf(promise: Promise<unknown>): Promise<UpstreamFailure> {
  const outcome = await promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  if (outcome instanceof UpstreamFailure) return outcome;
  throw outcome instanceof Error ? outcome : new Error(String(outcome));
}

const spoken = Object.values(upstreams).flatMap(({ kind, wires }) => wires.map((wire) => [kind, wire] as const));
const streamed = spoken.filter(([, wire]) => wire !== 'embeddings');

test('every kind stands under its own name', () => {
  for (const [kind, upstream] of Object.entries(upstreams)) expect(upstream.kind).toBe(kind);
});

describe.each(spoken)('%s, %s', (...kind) => {
  test('gives status, headers and body', async () => {
    const response = await open(kind, 'answers');
    expect(response.status).toBe(200);
    expect(response.headers['content-type']).toContain('application/json');
    expect(response.headers['x-request-id']).toMatch(/^req_/);
    expect(JSON.parse((await buffer(response.body)).toString())).toBeTypeOf('object');
  });

  test('does not begin when the signal was aborted before', async () => {
    const failure = await failureOf(open(kind, 'answers', { signal: AbortSignal.abort() }));
    expect(failure).toMatchObject({ kind: 'aborted', sent: false });
  });
});

describe.each(streamed)('%s, %s', (...kind) => {
  test('stops at once when the signal aborts before the first byte', async () => {
    const abort = new AbortController();
    const opening = failureOf(open(kind, 'waits', { signal: abort.signal }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const from = performance.now();
    abort.abort();
    expect(await opening).toMatchObject({ kind: 'aborted', sent: true });
    expect(performance.now() - from).toBeLessThan(100);
  });

  test('stops at once when the signal aborts in mid-stream', async () => {
    const abort = new AbortController();
    const { body } = await open(kind, 'goes_on', { signal: abort.signal });
    let bytes = 0;
    const reading = failureOf(
      (async () => {
        for await (const chunk of body) {
          bytes += chunk.length;
          if (!abort.signal.aborted) abort.abort();
        }
      })(),
    );
    expect(await reading).toMatchObject({ kind: 'aborted', sent: true });
    const at_abort = bytes;
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(bytes).toBe(at_abort);
  });

  test('keeps each deadline and names the one that passed', async () => {
    const first_byte = await failureOf(open(kind, 'waits', { deadlines: { first_byte_ms: 60 } }));
    expect(first_byte).toMatchObject({ kind: 'timeout', sent: true });
    expect(first_byte.message).toMatch(/no first byte .* within 60 ms/);
    const read = async (deadlines: Partial<Deadlines>) =>
      failureOf(open(kind, 'goes_on', { deadlines }).then(({ body }) => buffer(body)));
    expect((await read({ idle_ms: 5 })).message).toMatch(/no further byte .* within 5 ms/);
    expect((await read({ total_ms: 150 })).message).toMatch(/no complete answer .* within 150 ms/);
  });

  test('reports a broken connection as an error of the body', async () => {
    const { status, body } = await open(kind, 'breaks');
    expect(status).toBe(200);
    expect(await failureOf(buffer(body))).toMatchObject({ kind: 'reset', sent: true });
  });
});
