/** Where a caller's trace stands, as W3C Trace Context says it in `traceparent`. */
export interface TraceContext {
  trace_id: string;
  span_id: string;
  sampled: boolean;
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Null: there is none, or it is not of the form, which starts a trace anew. */
export function readTraceparent(text: unknown): TraceContext | null {
  const [, version, trace_id, span_id, flags, more] = (typeof text === 'string' && form.exec(text.trim())) || [];
  if (version === undefined || trace_id === undefined || span_id === undefined || flags === undefined) return null;
  if (version === 'ff' || (version === '00' && more !== undefined)) return null;
  if (/^0+$/.test(trace_id) || /^0+$/.test(span_id)) return null;
  return { trace_id, span_id, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
