import type { AttributeValue } from '@aos/core/activity/reported-span.ts';
import { Problem } from '@aos/core/base/error.ts';
import protobuf from 'protobufjs/minimal.js';
import * as fields from './fields.ts';
import { type ArrivedSpan, attributes_max, isRead, spans_max } from './span.ts';

type Reader = protobuf.Reader;
/** What to do with a field: the layout it must have, and the reading of its value. */
type Reading = readonly [layout: number, read: (reader: Reader) => void];

/** Fields outside of spans, and inside of them: a batch of ten thousand full spans stays below. */
const fields_max = 2_000_000;

/**
 * The spans of an `ExportTraceServiceRequest`. It is walked field by field and never built up as a whole: nested values
 * are skipped and counted ones given up in time, so that no body can cost much more than its bytes.
 */
export function readProtobuf(body: Uint8Array): ArrivedSpan[] {
  const spans: ArrivedSpan[] = [];
  const reader = protobuf.Reader.create(body);
  try {
    new Walk(spans).request(reader);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('invalid_body', 'The body is no ExportTraceServiceRequest in protobuf: it is cut or broken.');
  }
  return spans;
}

class Walk {
  readonly #spans: ArrivedSpan[];
  #left = fields_max;

  constructor(spans: ArrivedSpan[]) {
    this.#spans = spans;
  }

  request(reader: Reader): void {
    this.#message(reader, reader.len, {
      [fields.request.resource_spans]: [fields.delimited, (r) => this.#resourceSpans(r)],
    });
  }

  #resourceSpans(reader: Reader): void {
    const first = this.#spans.length;
    const of_resource = new Map<string, AttributeValue>();
    this.#inner(reader, {
      [fields.resource_spans.resource]: [
        fields.delimited,
        (r) =>
          this.#inner(r, { [fields.resource.attributes]: [fields.delimited, (a) => this.#attribute(a, of_resource)] }),
      ],
      [fields.resource_spans.scope_spans]: [
        fields.delimited,
        (r) => this.#inner(r, { [fields.scope_spans.spans]: [fields.delimited, (s) => this.#span(s)] }),
      ],
    });
    const service = of_resource.get('service.name');
    if (service !== undefined)
      for (const { attributes } of this.#spans.slice(first)) attributes.set('service.name', service);
  }

  #span(reader: Reader): void {
    if (this.#spans.length >= spans_max) throw tooMany(`${spans_max} spans`);
    const span = noSpan();
    this.#spans.push(span);
    let attributes = 0;
    this.#inner(reader, {
      [fields.span.trace_id]: [
        fields.delimited,
        (r) => {
          span.trace_id = hex(r.bytes());
        },
      ],
      [fields.span.span_id]: [
        fields.delimited,
        (r) => {
          span.span_id = hex(r.bytes());
        },
      ],
      [fields.span.parent_span_id]: [
        fields.delimited,
        (r) => {
          span.parent_span_id = hex(r.bytes());
        },
      ],
      [fields.span.name]: [
        fields.delimited,
        (r) => {
          span.name = r.string();
        },
      ],
      [fields.span.start_time_unix_nano]: [
        fields.fixed64,
        (r) => {
          span.start_nano = unsigned(r);
        },
      ],
      [fields.span.end_time_unix_nano]: [
        fields.fixed64,
        (r) => {
          span.end_nano = unsigned(r);
        },
      ],
      [fields.span.attributes]: [
        fields.delimited,
        (r) => {
          attributes += 1;
          if (attributes <= attributes_max) this.#attribute(r, span.attributes);
          else r.skipType(fields.delimited);
        },
      ],
      [fields.span.status]: [fields.delimited, (r) => this.#status(r, span)],
    });
    span.is_overfull = attributes > attributes_max;
  }

  #status(reader: Reader, span: ArrivedSpan): void {
    this.#inner(reader, {
      [fields.status.message]: [
        fields.delimited,
        (r) => {
          span.status_message = r.string();
        },
      ],
      [fields.status.code]: [
        fields.varint,
        (r) => {
          span.status_code = r.int32();
        },
      ],
    });
  }

  #attribute(reader: Reader, into: Map<string, AttributeValue>): void {
    let key = '';
    let value: AttributeValue | undefined;
    this.#inner(reader, {
      [fields.key_value.key]: [
        fields.delimited,
        (r) => {
          key = r.string();
        },
      ],
      [fields.key_value.value]: [
        fields.delimited,
        (r) =>
          this.#inner(r, {
            [fields.any_value.string_value]: [
              fields.delimited,
              (v) => {
                value = v.string();
              },
            ],
            [fields.any_value.bool_value]: [
              fields.varint,
              (v) => {
                value = v.bool();
              },
            ],
            [fields.any_value.int_value]: [
              fields.varint,
              (v) => {
                value = Number(v.int64());
              },
            ],
            [fields.any_value.double_value]: [
              fields.fixed64,
              (v) => {
                value = v.double();
              },
            ],
          }),
      ],
    });
    if (value !== undefined && isRead(key)) into.set(key, value);
  }

  #inner(reader: Reader, known: Record<number, Reading>): void {
    const length = reader.uint32();
    const end = reader.pos + length;
    if (end > reader.len) throw new RangeError('a message is longer than what holds it');
    this.#message(reader, end, known);
  }

  #message(reader: Reader, end: number, known: Record<number, Reading>): void {
    while (reader.pos < end) {
      this.#left -= 1;
      if (this.#left < 0) throw tooMany(`${fields_max} fields`);
      const tag = reader.uint32();
      const [layout, read] = known[tag >>> 3] ?? [];
      if (read && layout === (tag & 7)) read(reader);
      else reader.skipType(tag & 7);
    }
    if (reader.pos !== end) throw new RangeError('a field is longer than its message');
  }
}

const tooMany = (what: string): Problem =>
  new Problem('too_large', `The batch has more than ${what}. Send smaller batches.`);

export const noSpan = (): ArrivedSpan => ({
  trace_id: '',
  span_id: '',
  parent_span_id: '',
  name: '',
  start_nano: 0n,
  end_nano: 0n,
  status_code: 0,
  status_message: '',
  attributes: new Map(),
  is_overfull: false,
});

const hex = (bytes: Uint8Array): string =>
  bytes.length > 16 ? 'too long' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

function unsigned(reader: Reader): bigint {
  const low = BigInt(reader.fixed32());
  return (BigInt(reader.fixed32()) << 32n) | low;
}
