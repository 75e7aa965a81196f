import type { AttributeValue } from '@aos/core/activity/reported-span.ts';

/** A span as it arrived: not yet looked at. Ids are hexadecimal, instants nanoseconds since 1970. */
export interface ArrivedSpan {
  trace_id: string;
  span_id: string;
  parent_span_id: string;
  name: string;
  start_nano: bigint;
  end_nano: bigint;
  status_code: number;
  status_message: string;
  attributes: Map<string, AttributeValue>;
  /** Too many attributes to be looked at. */
  is_overfull: boolean;
}

/** A span that can be taken. */
export interface Span {
  trace_id: string;
  span_id: string;
  /** Null: it is the root of its trace. */
  parent_span_id: string | null;
  name: string;
  started_ms: number;
  ended_ms: number;
  failed: boolean;
  status_message: string;
  attributes: ReadonlyMap<string, AttributeValue>;
}

export const spans_max = 10_000;
export const attributes_max = 1_000;

/** Attributes that say something here; all others are passed over while reading. */
export const isRead = (name: string): boolean =>
  name.startsWith('gen_ai.') || name === 'error.type' || name === 'service.name' || name === 'aos.run.id';

const hour_ms = 3_600_000;
const most_ahead_ms = 300_000;
const oldest_ms = 30 * 24 * hour_ms;
const longest_ms = 7 * 24 * hour_ms;

/** The span, or why it cannot be taken. */
export function checkSpan(arrived: ArrivedSpan, now_ms: number): Span | string {
  const wrong = wrongId(arrived) ?? wrongTime(arrived, now_ms);
  if (wrong !== null) return wrong;
  if (arrived.is_overfull) return `it has more than ${attributes_max} attributes`;
  return {
    trace_id: arrived.trace_id,
    span_id: arrived.span_id,
    parent_span_id: arrived.parent_span_id === '' ? null : arrived.parent_span_id,
    name: clean(arrived.name, 256),
    started_ms: Number(arrived.start_nano / 1_000_000n),
    ended_ms: Number(arrived.end_nano / 1_000_000n),
    failed: arrived.status_code === 2,
    status_message: clean(arrived.status_message, 500),
    attributes: arrived.attributes,
  };
}

const isId = (text: string, digits: number): boolean =>
  text.length === digits && /^[0-9a-f]+$/.test(text) && !/^0+$/.test(text);

function wrongId({ trace_id, span_id, parent_span_id }: ArrivedSpan): string | null {
  if (!isId(trace_id, 32)) return 'its trace id is not 16 bytes, or all zero';
  if (!isId(span_id, 16)) return 'its span id is not 8 bytes, or all zero';
  if (parent_span_id !== '' && !isId(parent_span_id, 16)) return 'its parent span id is not 8 bytes, or all zero';
  return parent_span_id === span_id ? 'it is its own parent' : null;
}

function wrongTime({ start_nano, end_nano }: ArrivedSpan, now_ms: number): string | null {
  const started_ms = Number(start_nano / 1_000_000n);
  const ended_ms = Number(end_nano / 1_000_000n);
  if (end_nano < start_nano) return 'it ends before it starts';
  if (ended_ms > now_ms + most_ahead_ms) return 'it ends in the future';
  if (started_ms < now_ms - oldest_ms) return 'it started more than 30 days ago';
  return ended_ms - started_ms > longest_ms ? 'it lasted longer than 7 days' : null;
}

/** What the database can hold and a page can show. */
export const clean = (text: string, most: number): string =>
  text
    .replaceAll('\0', '')
    .slice(0, most)
    .replace(/\p{Surrogate}/gu, '\uFFFD');
