import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Exchange } from './exchange.ts';

const deadlines = { connect_ms: 1_000, first_byte_ms: 1_000, idle_ms: 1_000, total_ms: 5_000 };

function exchange(more: { max_bytes?: number; idle_ms?: number; signal?: AbortSignal } = {}) {
  const calls: string[] = [];
  const feed = { resume: () => calls.push('resume'), stop: () => calls.push('stop') };
  const made = new Exchange(
    {
      deadlines: { ...deadlines, idle_ms: more.idle_ms ?? 1_000 },
      signal: more.signal ?? new AbortController().signal,
      max_bytes: more.max_bytes ?? 1_000_000,
      peer: 'the peer',
    },
    feed,
  );
  return { made, calls };
}

test('an answer that is larger than allowed is cut off', async () => {
  const { made, calls } = exchange({ max_bytes: 10 });
  made.sending();
  made.answer(200, {});
  const { body } = await made.response;
  expect(made.chunk(Buffer.alloc(10))).toBe(true);
  made.chunk(Buffer.alloc(1));
  await expect(buffer(body)).rejects.toMatchObject({ kind: 'too_large', message: expect.stringContaining('10 bytes') });
  expect(calls).toEqual(['stop']);
});

test('a reader that stalls holds the feed back, and is not taken for an idle provider', async () => {
  const { made, calls } = exchange({ idle_ms: 40 });
  made.sending();
  made.answer(200, {});
  const { body } = await made.response;
  let fed = 0;
  while (made.chunk(Buffer.alloc(1_000))) fed++;
  expect(fed).toBeLessThan(100);
  await pause(120);
  expect(made.is_over).toBe(false);
  expect(calls).toEqual([]);
  body.resume();
  await pause(10);
  expect(calls).toEqual(['resume']);
  await expect(buffer(body)).rejects.toMatchObject({ kind: 'timeout' });
});

test('destroying the body stops the feed, once, and nothing after it counts', async () => {
  const { made, calls } = exchange();
  made.sending();
  made.answer(200, {});
  const { body } = await made.response;
  body.destroy();
  await pause(5);
  made.chunk(Buffer.from('late'));
  made.end();
  expect(calls).toEqual(['stop']);
});

test('an error that comes before anyone reads does not end the process, and is not lost', async () => {
  const abort = new AbortController();
  const { made } = exchange({ signal: abort.signal });
  made.sending();
  made.answer(200, {});
  const { body } = await made.response;
  abort.abort();
  await pause(20);
  await expect(buffer(body)).rejects.toMatchObject({ kind: 'aborted', sent: true });
});

test('without a connection the deadline says that nothing was sent', async () => {
  const feed = { resume: () => {}, stop: () => {} };
  const signal = new AbortController().signal;
  const made = new Exchange({ deadlines: { ...deadlines, connect_ms: 20 }, signal, max_bytes: 1, peer: 'p' }, feed);
  made.connecting();
  await expect(made.response).rejects.toMatchObject({ kind: 'timeout', sent: false });
});
