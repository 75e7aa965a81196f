import { describe, expect, test } from 'vitest';
import { expectStatus, waitFor } from '../parts/client.ts';
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
withGateway({
  AOS_FIRST_BYTE_TIMEOUT_MS: String(first_byte_ms),
  AOS_IDLE_TIMEOUT_MS: String(idle_ms),
  AOS_CALLER_IDLE_TIMEOUT_MS: '1500',
  AOS_RUN_IDLE_SECONDS: '1',
});

interface Run {
  status: string;
  termination_reason: string;
  outcome_record: string;
}
const endedRun = (id: string) =>
  waitFor(
    async () => {
      const run = expectStatus(200, await gateway.admin.get<Run>(`/api/v1/runs/${id}`));
      return run.status !== 'running' && run.status !== 'queued' && run;
    },
    { interval_ms: 100, what: `the end of ${id}` },
  );
const timed_out = { status: 'failed', termination_reason: 'TIMEOUT', outcome_record: 'FAILURE' };

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
    expect(await endedRun(read.run_id)).toMatchObject(timed_out);
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
      const run_id = answer.headers.get('x-aos-run-id') ?? '';
      const record = await settledRecord(run_id);
      // Nobody knows what the provider did with it.
      expect(record).toMatchObject({
        execution_status: 'failed',
        usage_source: 'estimated',
        output: 300,
        error_code: 'provider_timeout',
      });
      expect(await gaugeOf(control_id)).toMatchObject({ posted: 300, pending: 0 });
      expect(await endedRun(run_id)).toMatchObject(timed_out);
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

test('a managed run whose provider is too late has failed with the reason TIMEOUT', async () => {
  const plan = {
    steps: [{ id: 'ask', skill: 'llm', params: { prompt: 'stub: {"delay_ms": 30000}', model: 'gpt-4o-mini' } }],
  };
  const asked = { goal: 'wait', agent_id: 'late', max_retries: 0, plan };
  const { id } = expectStatus(202, await gateway.admin.post<{ id: string }>('/api/v1/runs', asked));
  expect(await endedRun(id)).toMatchObject(timed_out);
});
