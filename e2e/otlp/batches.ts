import { randomBytes } from 'node:crypto';

/** Spans in OTLP/JSON, as an agent that is not proxied would send them. */
export interface SaidSpan {
  trace_id: string;
  span_id: string;
  parent?: string;
  name?: string;
  start_ms?: number;
  end_ms?: number;
  failed?: boolean;
  attributes?: Record<string, string | number | boolean>;
}

export const traceId = (): string => randomBytes(16).toString('hex');
export const spanId = (): string => randomBytes(8).toString('hex');

const said = (value: string | number | boolean) => {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
};

const attributesOf = (of: Record<string, string | number | boolean> = {}) =>
  Object.entries(of).map(([key, value]) => ({ key, value: said(value) }));

export const batch = (spans: readonly SaidSpan[], service = 'research') => ({
  resourceSpans: [
    {
      resource: { attributes: attributesOf({ 'service.name': service }) },
      scopeSpans: [
        {
          scope: { name: 'test' },
          spans: spans.map((of) => ({
            traceId: of.trace_id,
            spanId: of.span_id,
            ...(of.parent !== undefined && { parentSpanId: of.parent }),
            name: of.name ?? 'chat gpt-4o-mini',
            kind: 3,
            startTimeUnixNano: `${of.start_ms ?? Date.now() - 2_000}000000`,
            endTimeUnixNano: `${of.end_ms ?? Date.now() - 1_000}000000`,
            attributes: attributesOf(of.attributes),
            status: of.failed ? { code: 2, message: 'it broke' } : {},
          })),
        },
      ],
    },
  ],
});

/** What a call of a model says of itself. */
export const chat = (more: Record<string, string | number | boolean> = {}) => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o-mini',
  'gen_ai.usage.input_tokens': 1_000,
  'gen_ai.usage.output_tokens': 100,
  ...more,
});
