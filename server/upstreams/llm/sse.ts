import { UpstreamFailure } from './define.ts';

/** One block of a stream of server-sent events. */
export interface SseEvent {
  /** The bytes exactly as they came, terminator included: joined, the `raw` of all events are the stream. */
  raw: Buffer;
  event: string | undefined;
  /** Empty for a comment and for an event without data. */
  data: string;
}

/** Media types that an answer in events comes with, of providers too that give it none of its own. */
const of_events = new Set(['text/event-stream', '', 'text/plain', 'application/octet-stream']);

/** Whether the answer to a request for events is read as such. Media types know no case (RFC 9110, 8.3.1). */
export const mayBeEvents = (content_type = ''): boolean =>
  of_events.has(content_type.split(';', 1)[0]?.trim().toLowerCase() ?? '');

const lf = 0x0a;
const cr = 0x0d;

/**
 * The largest event that is waited for. A pathological provider could otherwise fill the memory with one line; a picture
 * of 4,096 by 4,096 in base64 is up to 30 MB, and the last event of a response holds all of its pictures.
 */
const max_event_bytes = 64 * 1024 * 1024;

/**
 * Cuts a stream into its events without changing a byte, so that what governance has read can be forwarded as it came.
 * (`eventsource-parser` yields parsed fields only; forwarding would have to write the event anew, which loses
 * comments, unknown fields and line ends.) Works on bytes: a character split over two chunks is decoded whole.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class SseSplitter {
  readonly #max_bytes: number;
  #held: Buffer[] = [];
  #held_bytes = 0;
  /** No byte of the current line has been seen yet: a line end now would end the event. */
  #at_line_start = true;
  /** The last byte was a carriage return: a line feed now would belong to it. */
  #after_cr = false;
  #is_first = true;

  constructor(max_bytes = max_event_bytes) {
    this.#max_bytes = max_bytes;
  }

  /** The events that this chunk completes. Throws `UpstreamFailure` (`too_large`) when one event grows too large. */
  push(chunk: Buffer): SseEvent[] {
    const events: SseEvent[] = [];
    const ends = this.#after_cr || chunk.includes(cr) ? this.#endsOfAnyLines(chunk) : this.#endsOfLfLines(chunk);
    let from = 0;
    for (const end of ends) {
      this.#hold(chunk.subarray(from, end));
      events.push(this.#take());
      from = end;
    }
    this.#hold(chunk.subarray(from));
    return events;
  }

  /** What is left at the end of the stream: an event without its blank line, or null. */
  rest(): SseEvent | null {
    return this.#held_bytes > 0 ? this.#take() : null;
  }

  /** Where events end in a chunk whose lines end in line feeds only: every provider we know. */
  #endsOfLfLines(chunk: Buffer): number[] {
    const ends: number[] = [];
    let at = 0;
    for (let end = chunk.indexOf(lf); end !== -1; end = chunk.indexOf(lf, at)) {
      if (end === at && this.#at_line_start) ends.push(end + 1);
      this.#at_line_start = true;
      at = end + 1;
    }
    if (at < chunk.length) this.#at_line_start = false;
    return ends;
  }

  /** The same for any mixture of LF, CR LF and CR. */
  #endsOfAnyLines(chunk: Buffer): number[] {
    const ends: number[] = [];
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      const belongs_to_cr = this.#after_cr && byte === lf;
      this.#after_cr = byte === cr;
      if (belongs_to_cr) {
        // The line feed of a terminator that was cut after its CR opens the next event's bytes; elsewhere it joins its CR.
        if (ends.at(-1) === at) ends[ends.length - 1] = at + 1;
      } else if (byte !== lf && byte !== cr) this.#at_line_start = false;
      else if (this.#at_line_start) ends.push(at + 1);
      else this.#at_line_start = true;
    }
    return ends;
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#held_bytes += bytes.length;
    if (this.#held_bytes > this.#max_bytes) {
      const limit = `${this.#max_bytes} bytes`;
      throw new UpstreamFailure('too_large', true, `The provider sent one stream event of more than ${limit}.`);
    }
    this.#held.push(bytes);
  }

  #take(): SseEvent {
    const [only] = this.#held;
    const raw = only !== undefined && this.#held.length === 1 ? only : Buffer.concat(this.#held);
    this.#held = [];
    this.#held_bytes = 0;
    const is_first = this.#is_first;
    this.#is_first = false;
    return parse(raw, is_first);
  }
}

/** The length of `data: `. */
const data_field = 6;

function parse(raw: Buffer, is_first: boolean): SseEvent {
  const line_end = raw.indexOf(lf);
  const is_one_line = line_end === raw.length - 2 && raw[line_end + 1] === lf && !raw.includes(cr);
  if (is_one_line && line_end >= data_field && raw.readUInt32BE(0) === 0x64617461 && raw.readUInt16BE(4) === 0x3a20) {
    return { raw, event: undefined, data: raw.toString('utf8', data_field, line_end) };
  }
  let text = raw.toString('utf8');
  if (is_first && text.startsWith('\ufeff')) text = text.slice(1);
  if (text.includes('\r')) text = text.replaceAll(/\r\n?/g, '\n');
  let event: string | undefined;
  let data: string | undefined;
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (name === 'event') event = value;
  }
  return { raw, event, data: data ?? '' };
}
