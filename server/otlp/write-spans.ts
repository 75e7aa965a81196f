import protobuf from 'protobufjs/minimal.js';
import * as fields from './fields.ts';

/** A span to be sent. Ids are hexadecimal; attributes that are null or undefined are left out. */
export interface OutSpan {
  trace_id: string;
  span_id: string;
  parent_span_id: string | null;
  name: string;
  kind: 'internal' | 'client';
  started_ms: number;
  ended_ms: number;
  /** Null: nothing went wrong. */
  error: string | null;
  attributes: OutAttributes;
}

export type OutAttributes = Record<string, string | number | boolean | null | undefined>;

type Writer = protobuf.Writer;
const kinds = { internal: 1, client: 3 } as const;
const status_error = 2;

/** An `ExportTraceServiceRequest` with all the spans of one resource. */
export function writeSpans(spans: readonly OutSpan[], resource: OutAttributes, version: string): Uint8Array {
  const writer = protobuf.Writer.create();
  open(writer, fields.request.resource_spans);
  open(writer, fields.resource_spans.resource);
  attributes(writer, fields.resource.attributes, resource);
  writer.ldelim();
  open(writer, fields.resource_spans.scope_spans);
  open(writer, fields.scope_spans.scope);
  text(writer, fields.scope.name, 'aos');
  text(writer, fields.scope.version, version);
  writer.ldelim();
  for (const span of spans) writeSpan(writer, span);
  return writer.ldelim().ldelim().finish();
}

function writeSpan(writer: Writer, span: OutSpan): void {
  const of = fields.span;
  open(writer, fields.scope_spans.spans);
  bytes(writer, of.trace_id, span.trace_id);
  bytes(writer, of.span_id, span.span_id);
  if (span.parent_span_id !== null) bytes(writer, of.parent_span_id, span.parent_span_id);
  text(writer, of.name, span.name);
  writer.uint32(fields.tagOf(of.kind, fields.varint)).int32(kinds[span.kind]);
  instant(writer, of.start_time_unix_nano, span.started_ms);
  instant(writer, of.end_time_unix_nano, span.ended_ms);
  attributes(writer, of.attributes, span.attributes);
  if (span.error !== null) {
    open(writer, of.status);
    text(writer, fields.status.message, span.error);
    writer.uint32(fields.tagOf(fields.status.code, fields.varint)).int32(status_error).ldelim();
  }
  writer.ldelim();
}

const open = (writer: Writer, field: number): Writer => writer.uint32(fields.tagOf(field, fields.delimited)).fork();
const text = (writer: Writer, field: number, value: string): Writer =>
  writer.uint32(fields.tagOf(field, fields.delimited)).string(value);
const bytes = (writer: Writer, field: number, hex: string): Writer =>
  writer.uint32(fields.tagOf(field, fields.delimited)).bytes(Buffer.from(hex, 'hex'));

function instant(writer: Writer, field: number, at_ms: number): void {
  const nano = BigInt(at_ms) * 1_000_000n;
  writer.uint32(fields.tagOf(field, fields.fixed64));
  writer.fixed32(Number(nano & 0xffffffffn)).fixed32(Number(nano >> 32n));
}

function attributes(writer: Writer, field: number, of: OutAttributes): void {
  for (const [key, value] of Object.entries(of)) {
    if (value === null || value === undefined) continue;
    open(writer, field);
    text(writer, fields.key_value.key, key);
    open(writer, fields.key_value.value);
    if (typeof value === 'string') text(writer, fields.any_value.string_value, value);
    else if (typeof value === 'boolean')
      writer.uint32(fields.tagOf(fields.any_value.bool_value, fields.varint)).bool(value);
    else if (Number.isSafeInteger(value))
      writer.uint32(fields.tagOf(fields.any_value.int_value, fields.varint)).int64(value);
    else writer.uint32(fields.tagOf(fields.any_value.double_value, fields.fixed64)).double(value);
    writer.ldelim().ldelim();
  }
}
