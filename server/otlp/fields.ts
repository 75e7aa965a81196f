/**
 * Field numbers of the OTLP messages for traces that are read or written here, as opentelemetry-proto v1.7.0 defines
 * them (trace/v1, collector/trace/v1, common/v1, resource/v1; stable since v1.0.0), and of google.rpc.Status.
 */
export const request = { resource_spans: 1 } as const;
export const resource_spans = { resource: 1, scope_spans: 2 } as const;
export const resource = { attributes: 1 } as const;
export const scope_spans = { scope: 1, spans: 2 } as const;
export const scope = { name: 1, version: 2 } as const;
export const span = {
  trace_id: 1,
  span_id: 2,
  parent_span_id: 4,
  name: 5,
  kind: 6,
  start_time_unix_nano: 7,
  end_time_unix_nano: 8,
  attributes: 9,
  status: 15,
} as const;
export const status = { message: 2, code: 3 } as const;
export const key_value = { key: 1, value: 2 } as const;
export const any_value = { string_value: 1, bool_value: 2, int_value: 3, double_value: 4 } as const;
export const response = { partial_success: 1 } as const;
export const partial_success = { rejected_spans: 1, error_message: 2 } as const;
export const rpc_status = { code: 1, message: 2 } as const;

/** How a field is laid out, and how to say it in the tag before it. */
export const varint = 0;
export const fixed64 = 1;
export const delimited = 2;
export const tagOf = (field: number, layout: number): number => (field << 3) | layout;
