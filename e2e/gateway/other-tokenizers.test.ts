import { describe, expect, test } from 'vitest';
import { wire_names, wires } from '../parts/gateway.ts';
import {
  agentWith,
  gateway,
  gaugeOf,
  lastBill,
  lastLog,
  open,
  readAll,
  settledRecord,
  tokens,
  untilClosed,
  withGateway,
} from './stream-parts.ts';

withGateway();

/** The stub's own count: a word is a token, whatever our encoding makes of it. Every fifth is two tokens to us. */
const words = (count: number) => Array.from({ length: count }, (_, n) => (n % 5 === 4 ? 'Landgut ' : 'the ')).join('');

const bound = 200;
/** What our own count may reach before such a stream is cut. */
const most = 316;

/** A call of a model that has another tokenizer, bounded as its wire bounds it. */
const bounded = {
  chat: { model: 'openai/llama-3.3-70b', max_tokens: bound },
  responses: { model: 'openai/llama-3.3-70b', max_output_tokens: bound },
  messages: { model: 'claude-opus-4-6', max_tokens: bound },
};

const incidentsOf = (run_id: string) => gateway.rows('select * from incidents where source_run_id = $1', [run_id]);

/** From the last that a caller got to the end of the connection to the provider. */
const closing_ms: number[] = [];

describe.each(wire_names)('a stream on %s of a model with another tokenizer', (wire) => {
  const more = bounded[wire];

  test('that fills its bound ends as the provider ended it, and costs what the provider says', async () => {
    const { agent, control_id } = await agentWith(bound);
    const asked = { text: words(bound + 50) };
    const read = await readAll(await open(wire, asked, agent, { more }));
    expect(read.error).toBeNull();
    expect(tokens(read.text)).toBeGreaterThan(bound * 1.15);
    expect(read.text).toBe((await readAll(await open(wire, asked, agent, { more, direct: true }))).text);
    expect(lastBill()).toMatchObject({ output_tokens: bound });
    expect(await settledRecord(read.run_id)).toMatchObject({
      execution_status: 'succeeded',
      usage_source: 'provider',
      output: bound,
    });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: bound, pending: 0, cap: bound });
    expect(await incidentsOf(read.run_id)).toEqual([]);
  });

  test('that fills its bound and reports no usage costs no more than was held', async () => {
    const { agent, control_id } = await agentWith(bound);
    const read = await readAll(await open(wire, { text: words(bound), no_usage: true }, agent, { more }));
    expect(read.error).toBeNull();
    expect(await settledRecord(read.run_id)).toMatchObject({
      execution_status: 'succeeded',
      usage_source: 'estimated',
      output: bound,
    });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: bound, pending: 0, cap: bound });
    expect(await incidentsOf(read.run_id)).toEqual([]);
  });

  test('that ends in one piece and reports no usage costs no more than was held', async () => {
    const { agent, control_id } = await agentWith(bound);
    const body = wires[wire].body({ text: words(bound), no_usage: true }, more);
    const answer = await gateway.admin.post(wires[wire].path, body, { headers: { 'x-aos-agent-id': agent } });
    expect(answer.status).toBe(200);
    const run_id = answer.headers.get('x-aos-run-id') ?? '';
    expect(await settledRecord(run_id)).toMatchObject({ usage_source: 'estimated', output: bound });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: bound, pending: 0, cap: bound });
    expect(await incidentsOf(run_id)).toEqual([]);
  });

  test('that ignores its bound is cut within one chunk of the margin, and costs what was held', async () => {
    const { agent, control_id } = await agentWith(bound);
    const endless = { output_tokens: 50_000, chunk_tokens: 5, chunk_delay_ms: 1, ignore_max_tokens: true };
    const read = await readAll(await open(wire, endless, agent, { more }));
    expect(read.error?.code).toBe('token_limit_exceeded');
    const delivered = tokens(read.text);
    expect(delivered).toBeGreaterThan(most - 2 * endless.chunk_tokens);
    expect(delivered).toBeLessThanOrEqual(most);
    closing_ms.push((await untilClosed()) - read.last_at);
    expect(lastLog().closed_by).toBe('client');
    const record = await settledRecord(read.run_id);
    expect(record).toMatchObject({
      execution_status: 'cut',
      usage_source: 'estimated',
      error_code: 'stream_cut',
      output: bound,
    });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: bound, pending: 0, cap: bound });
    expect(await incidentsOf(read.run_id)).toHaveLength(1);
  });
});

test('the connection to the provider is closed within 100 ms of the cut, for most wires', () => {
  // A machine that is busy for a moment delays one; what waited for a timer would delay all.
  const sorted = closing_ms.toSorted((a, b) => a - b);
  expect(sorted).toHaveLength(wire_names.length);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(100);
});
