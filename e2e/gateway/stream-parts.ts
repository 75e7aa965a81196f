import { type IncomingMessage, request } from 'node:http';
import type Anthropic from '@anthropic-ai/sdk';
import { loadTokenizer } from '@aos/server/base/tokenizer.ts';
import type OpenAI from 'openai';
import { afterAll, beforeAll, expect } from 'vitest';
import { expectStatus, waitFor } from '../parts/client.ts';
import { type Gateway, limitAgent, recordsOf, startGateway, type WireName, wires } from '../parts/gateway.ts';

/** A gateway, and streams as the official clients read them. `withGateway` starts the gateway. */

export let gateway: Gateway;
let agents = 0;
export let tokens: (text: string) => number;

/** For the tests of the file that calls it. Short deadlines only where they are what is shown: all waits are longer. */
export function withGateway(settings: Record<string, string> = {}): void {
  beforeAll(async () => {
    gateway = await startGateway(settings);
    tokens = (await loadTokenizer()).count;
  });
  afterAll(() => gateway?.stop());
}

export const now = () => performance.timeOrigin + performance.now();

/** An agent whose output is counted, under a limit of so many tokens. */
export async function agentWith(max: number): Promise<{ agent: string; control_id: string }> {
  const agent = `streaming-${++agents}`;
  const limit = { type: 'tokens_output', max, window: { per: 'day' } };
  const { controls } = await limitAgent(gateway, agent, { limit, action: 'block' });
  const [{ id }] = controls as [{ id: string }];
  return { agent, control_id: id };
}

export const gaugeOf = async (control_id: string) =>
  expectStatus(
    200,
    await gateway.admin.get<{ posted: number; pending: number; cap: number }>(`/api/v1/limits/${control_id}/state`),
  );

interface Opened {
  run_id: string;
  texts: AsyncIterable<string>;
}

/** A stream as the official client of its wire reads it: its texts, or what it throws. */
export async function open(
  wire: WireName,
  directive: object,
  agent: string,
  options: { signal?: AbortSignal; more?: object; direct?: boolean } = {},
): Promise<Opened> {
  const body = wires[wire].body(directive, { stream: true, ...options.more });
  const settings = {
    headers: { 'x-aos-agent-id': agent },
    maxRetries: 0,
    ...(options.signal && { signal: options.signal }),
  };
  const { url, origin } = gateway.stub;
  const openai = gateway.openai(options.direct ? { baseURL: url } : {});
  if (wire === 'messages') {
    const made = gateway
      .anthropic(options.direct ? { baseURL: origin } : {})
      .messages.create(body as Anthropic.MessageCreateParamsStreaming, settings);
    const { data, response } = await made.withResponse();
    const texts = textsOf(data, (event) =>
      event.type === 'content_block_delta' && event.delta.type === 'text_delta' ? event.delta.text : '',
    );
    return { run_id: response.headers.get('x-aos-run-id') ?? '', texts };
  }
  if (wire === 'responses') {
    const made = openai.responses.create(body as OpenAI.Responses.ResponseCreateParamsStreaming, settings);
    const { data, response } = await made.withResponse();
    const texts = textsOf(data, (event) => (event.type === 'response.output_text.delta' ? event.delta : ''));
    return { run_id: response.headers.get('x-aos-run-id') ?? '', texts };
  }
  const made = openai.chat.completions.create(body as OpenAI.ChatCompletionCreateParamsStreaming, settings);
  const { data, response } = await made.withResponse();
  const texts = textsOf(data, (event) => event.choices[0]?.delta.content ?? '');
  return { run_id: response.headers.get('x-aos-run-id') ?? '', texts };
}

/** A stream of some 30 MB that its caller does not read: what the connection holds is full before it ends. */
export async function openUnread(agent: string): Promise<{ run_id: string; leave: () => void }> {
  const directive = { output_tokens: 150_000, chunk_tokens: 1, ignore_max_tokens: true };
  const { url, admin_key } = gateway.server;
  const headers = {
    ...{ authorization: `Bearer ${admin_key}`, 'content-type': 'application/json', 'x-aos-agent-id': agent },
  };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(url + wires.chat.path, { method: 'POST', headers }, resolve);
    asked.on('error', reject).end(JSON.stringify(wires.chat.body(directive, { stream: true })));
  });
  answer.on('error', () => undefined);
  return { run_id: String(answer.headers['x-aos-run-id']), leave: () => answer.destroy() };
}

async function* textsOf<E>(events: AsyncIterable<E>, textIn: (event: E) => string): AsyncGenerator<string> {
  for await (const event of events) {
    const text = textIn(event);
    if (text !== '') yield text;
  }
}

interface Read {
  run_id: string;
  text: string;
  /** When the last text came, in milliseconds since 1970. */
  last_at: number;
  ended_at: number;
  error: { code: string | undefined; message: string } | null;
}

export async function readAll({ run_id, texts }: Opened): Promise<Read> {
  let text = '';
  let last_at = now();
  let error: Read['error'] = null;
  try {
    for await (const part of texts) {
      text += part;
      last_at = now();
    }
  } catch (thrown) {
    error = errorOf(thrown);
  }
  return { run_id, text, last_at, ended_at: now(), error };
}

/** Code and message as either client shows them. */
function errorOf(thrown: unknown): { code: string | undefined; message: string } {
  const { code, error, message } = thrown as { code?: string; error?: { error?: { code?: string } }; message: string };
  return { code: code ?? error?.error?.code, message };
}

export const lastLog = () => {
  const entry = gateway.stub.log.at(-1);
  if (!entry) throw new Error('nothing reached the stub');
  return entry;
};
export const lastBill = () => gateway.stub.bill().lines.at(-1);
export const untilClosed = () =>
  waitFor(() => lastLog().closed_at, { what: 'the end of the upstream connection', interval_ms: 5 });

/** The one record of a call that is over, with the books at rest. */
export async function settledRecord(run_id: string) {
  await gateway.untilSettled();
  const [record, ...others] = await recordsOf(gateway, run_id);
  expect(others).toEqual([]);
  if (!record) throw new Error(`the run ${run_id} has no record`);
  const [step] = await gateway.rows('select status, error from steps where id = $1', [record.step_id]);
  expect(step?.status).toBe(record.execution_status);
  return { ...record, output: Number(record.output_tokens), step };
}
