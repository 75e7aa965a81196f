import { describe, expect, test } from 'vitest';
import { wire_names, wires } from '../parts/gateway.ts';
import {
  agentWith,
  gateway,
  gaugeOf,
  lastLog,
  open,
  openUnread,
  readAll,
  settledRecord,
  untilClosed,
  withGateway,
} from './stream-parts.ts';

const first_byte_ms = 700;
const idle_ms = 900;
withGateway({ AOS_FIRST_BYTE_TIMEOUT_MS: String(first_byte_ms), AOS_IDLE_TIMEOUT_MS: String(idle_ms) });

describe.each(wire_names)('a provider on %s', (wire) => {
  test('that falls silent is ended by its deadline', async () => {
    const { agent, control_id } = await agentWith(10_000);
    const read = await readAll(await open(wire, { output_tokens: 50, stall_after_chunks: 7 }, agent));
    expect(read.error).toMatchObject({ code: 'provider_timeout' });
    // Its texts go out together; the deadline runs from when the last of them was read.
    expect((await untilClosed()) - (lastLog().first_byte_at ?? Infinity)).toBeGreaterThanOrEqual(idle_ms);
    const record = await settledRecord(read.run_id);
    expect(record).toMatchObject({
      execution_status: 'failed',
      usage_source: 'estimated',
      output: 7,
      error_code: 'provider_timeout',
    });
    expect(await gaugeOf(control_id)).toMatchObject({ posted: 7, pending: 0 });
  });

  test.each([false, true])(
    'that never begins is ended by its deadline, at all that was held (stream: %s)',
    async (stream) => {
      const { agent, control_id } = await agentWith(300);
      const body = wires[wire].body({ delay_ms: 30_000 }, { stream, ...(wire === 'messages' && { max_tokens: 300 }) });
      const answer = await gateway.admin.post<{ error: { code: string } }>(wires[wire].path, body, {
        headers: { 'x-aos-agent-id': agent },
      });
      expect(answer.status).toBe(504);
      expect(answer.body.error.code).toBe('provider_timeout');
      await untilClosed();
      const record = await settledRecord(answer.headers.get('x-aos-run-id') ?? '');
      // Nobody knows what the provider did with it.
      expect(record).toMatchObject({
        execution_status: 'failed',
        usage_source: 'estimated',
        output: 300,
        error_code: 'provider_timeout',
      });
      expect(await gaugeOf(control_id)).toMatchObject({ posted: 300, pending: 0 });
    },
  );
});

test('a caller who takes nothing of a stream is cut off at the idle deadline, and it is settled', async () => {
  const unread = await openUnread('reads-nothing');
  const record = await settledRecord(unread.run_id);
  expect(record).toMatchObject({ execution_status: 'cancelled', error_code: 'client_closed' });
  expect(record.output).toBeGreaterThan(0);
  await untilClosed();
});
