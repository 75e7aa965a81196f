import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedProvider, scriptedProvider } from '../../tools/simulate/scripted-provider.ts';
import { addProvider, waitFor } from '../parts/client.ts';
import { say } from '../parts/gateway.ts';
import { gateway, settledRecord, withGateway } from './stream-parts.ts';

const idle_ms = 2_000;
withGateway({ AOS_IDLE_TIMEOUT_MS: String(idle_ms) });

// The last of this file: with two providers of a kind, a bare model name is ambiguous.
describe('a provider of its own kind', () => {
  const chunk = (delta: object, more: object = {}) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;
  const ending = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 9, total_tokens: 14 } })}\n\ndata: [DONE]\n\n`;
  let written = 0;
  let wide: ScriptedProvider;
  const events = 2_000;
  const scripts: Record<string, (response: ServerResponse) => Promise<void> | void> = {
    /** 32 MB, each event as soon as there is room for it. */
    wide: async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const event = chunk({ content: ' the' }, { padding: 'x'.repeat(16_000) });
      for (written = 0; written < events; written++) if (!response.write(event)) await once(response, 'drain');
      response.end(ending);
    },
    odd_header: (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-region': 'Z\u00fcrich' });
      response.end(chunk({ content: ' the' }) + ending);
    },
    /** Characters of several bytes, and line ends of the other kind, cut at every byte. */
    bytewise: async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const bytes = Buffer.from((chunk({ content: 'Gr\u00fc\u00dfe \ud83d\ude00' }) + ending).replaceAll('\n', '\r\n'));
      for (const byte of bytes) if (!response.write(Buffer.of(byte))) await once(response, 'drain');
      response.end();
    },
    /** The usage in every event, as some servers send it, and no end. */
    endless_usage: async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let n = 1; n <= 20; n++)
        response.write(
          chunk({ content: ' the' }, { usage: { prompt_tokens: 11, completion_tokens: n, total_tokens: 11 + n } }),
        );
      await sleep(50);
      response.destroy();
    },
  };
  beforeAll(async () => {
    wide = await scriptedProvider(
      (response, { body }) => void scripts[(JSON.parse(body) as { model: string }).model]?.(response),
    );
    await addProvider(gateway.admin, { slug: 'own', kind: 'openai', base_url: `${wide.url}/v1`, secret: 'sk-own' });
  });
  afterAll(() => wide?.close());

  const stream = async (model: string) => {
    const { server } = gateway;
    const sending = request(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.admin_key}`, 'content-type': 'application/json' },
    });
    sending.end(JSON.stringify({ model: `own/${model}`, messages: say(), stream: true }));
    const [answer] = (await once(sending, 'response')) as [IncomingMessage];
    answer.setEncoding('utf8');
    const run_id = String(answer.headers['x-aos-run-id']);
    const text = async () => {
      let all = '';
      for await (const part of answer) all += part;
      return all;
    };
    return { answer, run_id, text };
  };

  test('is read no faster than the caller reads, and the caller still gets everything', async () => {
    const { answer, run_id, text } = await stream('wide');
    answer.pause();
    // Everything between provider and reader fills up, and then nothing moves.
    let before = 0;
    const stands = async () => {
      before = written;
      await sleep(800);
      return before > 0 && written === before;
    };
    await waitFor(stands, { what: 'the end of reading' });
    expect(before).toBeLessThan(events * 0.9);
    // Longer than the idle deadline: a slow reader is not the provider's fault.
    await sleep(idle_ms * 1.5);
    expect(written).toBe(before);
    const all = await text();
    expect(all.slice(-200)).toMatch(/data: \[DONE\]\n\n$/);
    expect(all.match(/"content":" the"/g)).toHaveLength(events);
    expect(await settledRecord(run_id)).toMatchObject({
      execution_status: 'succeeded',
      usage_source: 'provider',
      output: 9,
    });
  });

  test('may send headers that are no ASCII', async () => {
    const { answer, run_id, text } = await stream('odd_header');
    expect(await text()).toContain('" the"');
    expect(answer.headers['x-region']).toMatch(/^Z.+rich$/);
    expect(await settledRecord(run_id)).toMatchObject({ execution_status: 'succeeded', output: 9 });
  });

  test('may cut characters and events anywhere', async () => {
    const { run_id, text } = await stream('bytewise');
    expect(await text()).toContain('Gr\u00fc\u00dfe \ud83d\ude00');
    expect(await settledRecord(run_id)).toMatchObject({ execution_status: 'succeeded', output: 9 });
  });

  test('may report usage as it goes: what it said last counts when it breaks off', async () => {
    const { run_id, text } = await stream('endless_usage');
    expect(await text()).toContain('provider_unreachable');
    const record = await settledRecord(run_id);
    expect(record).toMatchObject({
      execution_status: 'failed',
      usage_source: 'estimated',
      input_tokens: '11',
      output: 20,
    });
  });
});
