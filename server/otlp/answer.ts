import type { Problem } from '@aos/core/base/error.ts';
import protobuf from 'protobufjs/minimal.js';
import * as fields from './fields.ts';

export type Encoding = 'protobuf' | 'json';

export const media_types: Record<Encoding, string> = { protobuf: 'application/x-protobuf', json: 'application/json' };

/** An `ExportTraceServiceResponse`; one without `rejected` says that all was taken. */
export function answerBody(encoding: Encoding, rejected: { spans: number; message: string } | null): Buffer {
  if (encoding === 'json') {
    const partialSuccess = rejected && { rejectedSpans: String(rejected.spans), errorMessage: rejected.message };
    return Buffer.from(JSON.stringify(partialSuccess ? { partialSuccess } : {}));
  }
  const writer = protobuf.Writer.create();
  if (rejected) {
    writer.uint32(fields.tagOf(fields.response.partial_success, fields.delimited)).fork();
    writer.uint32(fields.tagOf(fields.partial_success.rejected_spans, fields.varint)).int64(rejected.spans);
    writer.uint32(fields.tagOf(fields.partial_success.error_message, fields.delimited)).string(rejected.message);
    writer.ldelim();
  }
  return Buffer.from(writer.finish());
}

/** Codes of gRPC, as `google.rpc.Status` has them. */
const rpc_codes: Record<number, number> = { 400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14 };

/** A refusal as OTLP tells it: a `google.rpc.Status` in the encoding of the request. */
export function refusalBody(encoding: Encoding, problem: Problem): Buffer {
  const code = rpc_codes[problem.status] ?? 2;
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message: problem.message }));
  const writer = protobuf.Writer.create();
  writer.uint32(fields.tagOf(fields.rpc_status.code, fields.varint)).int32(code);
  writer.uint32(fields.tagOf(fields.rpc_status.message, fields.delimited)).string(problem.message);
  return Buffer.from(writer.finish());
}
