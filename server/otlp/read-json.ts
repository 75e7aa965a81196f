import type { AttributeValue } from '@aos/core/activity/reported-span.ts';
import { Problem } from '@aos/core/base/error.ts';
import { isObject, type Json, type JsonObject, parseBody } from '@aos/core/base/json.ts';
import { noSpan } from './read-protobuf.ts';
import { type ArrivedSpan, attributes_max, isRead, spans_max } from './span.ts';

/** As many as a batch of the most spans has, each with 20 attributes: their names come again and again, which is quick. */
const most_values = 2_000_000;

/**
 * The spans of an `ExportTraceServiceRequest` in JSON: names in lowerCamelCase, ids in hexadecimal, 64-bit numbers as
 * texts or numbers, and members that nobody knows passed over, as OTLP says.
 */
export function readJson(body: Uint8Array): ArrivedSpan[] {
  const spans: ArrivedSpan[] = [];
  for (const of_resource of list(parseBody(body, most_values), 'resourceSpans')) {
    const resource = isObject(of_resource.resource) ? of_resource.resource : {};
    const service = attributesOf(resource).get('service.name');
    for (const of_scope of list(of_resource, 'scopeSpans'))
      for (const span of list(of_scope, 'spans')) {
        if (spans.length >= spans_max)
          throw new Problem('too_large', `The batch has more than ${spans_max} spans. Send smaller batches.`);
        const read = spanOf(span);
        if (service !== undefined) read.attributes.set('service.name', service);
        spans.push(read);
      }
  }
  return spans;
}

function spanOf(span: JsonObject): ArrivedSpan {
  const status = isObject(span.status) ? span.status : {};
  return {
    ...noSpan(),
    trace_id: text(span.traceId).toLowerCase(),
    span_id: text(span.spanId).toLowerCase(),
    parent_span_id: text(span.parentSpanId).toLowerCase(),
    name: text(span.name),
    start_nano: nano(span.startTimeUnixNano),
    end_nano: nano(span.endTimeUnixNano),
    status_code: status.code === 2 || status.code === 'STATUS_CODE_ERROR' ? 2 : 0,
    status_message: text(status.message),
    attributes: attributesOf(span),
    is_overfull: Array.isArray(span.attributes) && span.attributes.length > attributes_max,
  };
}

function attributesOf(of: JsonObject): Map<string, AttributeValue> {
  const found = new Map<string, AttributeValue>();
  for (const { key, value } of list(of, 'attributes').slice(0, attributes_max)) {
    if (typeof key !== 'string' || !isRead(key) || !isObject(value)) continue;
    const read = scalarOf(value);
    if (read !== null) found.set(key, read);
  }
  return found;
}

function scalarOf({ stringValue, boolValue, intValue, doubleValue }: JsonObject): AttributeValue | null {
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  const number = intValue ?? doubleValue;
  return typeof number === 'number' || (typeof number === 'string' && /^-?\d{1,19}$/.test(number))
    ? Number(number)
    : null;
}

/** An absent list is an empty one; anything else in its place is no OTLP. */
function list(of: JsonObject, name: string): JsonObject[] {
  const value = of[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw new Problem(
    'invalid_body',
    `The body is no ExportTraceServiceRequest in JSON: "${name}" is not a list of objects.`,
  );
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** Numbers beyond 2^53 have lost their last digits, which are fractions of milliseconds. */
function nano(value: Json | undefined): bigint {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? BigInt(Math.trunc(value)) : 0n;
}
