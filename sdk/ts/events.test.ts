import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventsOf, type StreamEvent } from './events.ts';

async function read(chunks: Uint8Array[]): Promise<StreamEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const events: StreamEvent[] = [];
  for await (const event of eventsOf(body)) events.push(event);
  return events;
}

const text = [
  ': a comment, to keep the connection open',
  '',
  'id: 7',
  'event: step',
  'data: {"name":"größe 😀"}',
  '',
  'data:two',
  'data: lines',
  '',
  'id: 8',
  '',
  'event:end',
  'data: ',
  '',
  'data: cut off before its end',
].join('\n');

const events = [
  { id: '7', event: 'step', data: { name: 'größe 😀' } },
  { id: null, event: 'message', data: 'two\nlines' },
  { id: null, event: 'end', data: '' },
];

test('events are whole however the body is cut and whatever its line breaks are', async () => {
  const cuts = fc.array(fc.nat(200), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(cuts, fc.constantFrom('\n', '\r\n', '\r'), async (places, line_break) => {
      const bytes = new TextEncoder().encode(text.replaceAll('\n', line_break));
      const at = [0, ...places.map((place) => Math.min(place, bytes.length)).sort((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, n) => bytes.slice(at[n], end));
      expect(await read(chunks)).toEqual(events);
    }),
  );
});

test('who stops reading ends the connection', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('data: 1\n\n')),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const { data } of eventsOf(body)) {
    expect(data).toBe(1);
    break;
  }
  expect(cancelled).toBe(true);
});
