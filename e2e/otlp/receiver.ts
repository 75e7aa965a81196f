import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';

/** The messages as the specification has them, decoded by reflection: nothing of it is shared with what is tested. */
const { root } = protobuf.parse(
  `syntax = "proto3";
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Scope { string name = 1; string version = 2; }
  message Status { string message = 2; int32 code = 3; }
  message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
    int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
    Status status = 15; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Request { repeated ResourceSpans resource_spans = 1; }`,
  { keepCase: true },
);
const Request = root.lookupType('Request');

type Attributes = Record<string, string | number | boolean>;
interface Said {
  attributes?: { key: string; value: Record<string, string | number | boolean> }[];
}
interface DecodedSpan extends Said {
  trace_id: string;
  span_id: string;
  parent_span_id?: string;
  name: string;
  kind: number;
  start_time_unix_nano: string;
  end_time_unix_nano: string;
  status?: { code?: number; message?: string };
}
interface Decoded {
  resource_spans: { resource: Said; scope_spans: { scope: { name: string }; spans: DecodedSpan[] }[] }[];
}

export interface ReceivedSpan {
  trace_id: string;
  span_id: string;
  parent_span_id: string | null;
  name: string;
  kind: number;
  duration_ns: bigint;
  error: string | null;
  attributes: Attributes;
  resource: Attributes;
}

/** A collector that keeps what it is sent. */
export interface Receiver {
  url: string;
  spans: ReceivedSpan[];
  headers: IncomingHttpHeaders[];
  /** What it answers from now on; 0: nothing at all. */
  status: number;
  close(): Promise<void>;
}

const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');
const attributesOf = ({ attributes = [] }: Said): Attributes =>
  Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [[kind, of] = ['', '']] = Object.entries(value);
      return [key, kind === 'int_value' ? Number(of) : of];
    }),
  );

function spansIn(body: Buffer): ReceivedSpan[] {
  const decoded = Request.toObject(Request.decode(body), { longs: String, bytes: String }) as Decoded;
  return decoded.resource_spans.flatMap(({ resource, scope_spans }) =>
    scope_spans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...{ trace_id: hex(span.trace_id), span_id: hex(span.span_id), name: span.name, kind: span.kind },
        parent_span_id: span.parent_span_id ? hex(span.parent_span_id) : null,
        duration_ns: BigInt(span.end_time_unix_nano) - BigInt(span.start_time_unix_nano),
        error: span.status?.code === 2 ? (span.status.message ?? '') : null,
        attributes: attributesOf(span),
        resource: attributesOf(resource),
      })),
    ),
  );
}

export async function startReceiver(): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    receiver.headers.push(request.headers);
    if (receiver.status === 0) return;
    if (receiver.status === 200) receiver.spans.push(...spansIn(Buffer.concat(chunks)));
    response.writeHead(receiver.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: [],
    headers: [],
    status: 200,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
