import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UpstreamFailure } from './define.ts';
import { type SseEvent, SseSplitter } from './sse.ts';

/** All events of a stream that arrives cut at the given places. */
function read(stream: Buffer, cuts: number[] = []): SseEvent[] {
  const splitter = new SseSplitter();
  const places = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
  const events = [0, ...places].flatMap((from, i) => splitter.push(stream.subarray(from, places[i] ?? stream.length)));
  const rest = splitter.rest();
  return rest ? [...events, rest] : events;
}

const line_end = fc.constantFrom('\n', '\r\n', '\r');
const text = fc.string({ unit: fc.constantFrom('a', ':', ' ', 'é', '漢', '🙂', '{', '"', '\\') });
const field = fc.oneof(
  text.map((value) => `data: ${value}`),
  text.map((value) => `data:${value}`),
  text.map((value) => `event: ${value}`),
  fc.constantFrom(': ping', 'data', 'id: 1', 'retry: 5', ': '),
);
const stream_text = fc
  .tuple(
    fc.array(fc.array(field, { maxLength: 4 }), { maxLength: 8 }),
    fc.oneof(line_end, fc.constant(null)),
    fc.infiniteStream(line_end),
  )
  .map(([events, one_end, ends]) => {
    const end = () => one_end ?? String(ends.next().value);
    return events.map((lines) => lines.map((line) => line + end()).join('') + end()).join('');
  });

test('however a stream is cut, its events are the same and their bytes are the stream', () => {
  fc.assert(
    fc.property(stream_text, fc.array(fc.nat(), { maxLength: 12 }), (content, cuts) => {
      const stream = Buffer.from(content);
      const events = read(stream, cuts);
      expect(Buffer.concat(events.map((event) => event.raw))).toEqual(stream);
      const said = (list: SseEvent[]) =>
        list.filter((event) => event.data !== '').map(({ event, data }) => [event, data]);
      expect(said(events)).toEqual(said(read(stream)));
    }),
    { numRuns: 3000 },
  );
});

test('says what an established parser says', () => {
  fc.assert(
    fc.property(stream_text, fc.array(fc.nat(), { maxLength: 6 }), (content, cuts) => {
      const expected: [string | undefined, string][] = [];
      const parser = createParser({ onEvent: ({ event, data }) => expected.push([event || undefined, data]) });
      parser.feed(content);
      // A dangling CR may still become CR LF, so the other parser waits where this one has already answered.
      parser.feed('\n');
      const ours = read(Buffer.from(content), cuts).map(({ event, data }) => [event || undefined, data]);
      expect(ours.filter(([, data]) => data !== '')).toEqual(expected.filter(([, data]) => data !== ''));
    }),
    { numRuns: 2000 },
  );
});

test('gives every event the moment its last byte is there, several of one chunk at once', () => {
  const splitter = new SseSplitter();
  expect(splitter.push(Buffer.from('data: {"a":'))).toEqual([]);
  const events = splitter.push(Buffer.from('1}\n\n: ping\n\nevent: x\ndata: 2\ndata: 3\n\ndata: 4\n'));
  expect(events.map(({ event, data }) => [event, data])).toEqual([
    [undefined, '{"a":1}'],
    [undefined, ''],
    ['x', '2\n3'],
  ]);
  expect(events[1]?.raw.toString()).toBe(': ping\n\n');
  expect(splitter.push(Buffer.from('\n')).map(({ data }) => data)).toEqual(['4']);
  const with_cr = splitter.push(Buffer.from('data: 5\r\n\r\ndata: 6\r\r'));
  expect(with_cr.map(({ raw }) => raw.toString())).toEqual(['data: 5\r\n\r\n', 'data: 6\r\r']);
  expect(splitter.rest()).toBeNull();
});

test('a character cut in two is whole', () => {
  const stream = Buffer.from('data: 漢🙂é\n\n');
  for (let cut = 0; cut <= stream.length; cut++) expect(read(stream, [cut])[0]?.data).toBe('漢🙂é');
});

test('what is left at the end can still be read and forwarded', () => {
  const splitter = new SseSplitter();
  expect(splitter.push(Buffer.from('data: [DONE]'))).toEqual([]);
  expect(splitter.rest()).toMatchObject({ data: '[DONE]' });
});

test('an event without end is refused instead of filling the memory', () => {
  const splitter = new SseSplitter(10_000);
  const feed = () => {
    for (let i = 0; i < 100; i++) splitter.push(Buffer.alloc(1_000, 'a'));
  };
  expect(feed).toThrow(UpstreamFailure);
  expect(() => new SseSplitter(10).push(Buffer.from('data: 12345678901\n\n'))).toThrow('more than 10 bytes');
});
