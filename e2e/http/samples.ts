import { z } from 'zod';

type Schema = {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minItems?: number;
  minimum?: number;
  minLength?: number;
  pattern?: string;
  format?: string;
  default?: unknown;
};

const policy = {
  name: 'A sample',
  target: { kind: 'all_runs' },
  controls: [{ limit: { type: 'requests', max: 1, window: { per: 'day' } }, action: 'block' }],
};

/** Bodies of endpoints whose schema says more than its form. */
const written: Record<string, unknown> = {
  'POST /api/v1/prices': { provider: 'openai', model: 'sample', input_usd_per_million: 1, reason: 'a sample' },
  'POST /api/v1/api-keys/:id/bind': { agent_ids: [], reason: 'a sample' },
  'POST /api/v1/members': { email: 'sample@example.com', role: 'viewer' },
  'PUT /api/v1/members/:id': { name: 'a sample', reason: 'a sample' },
  'POST /api/v1/policies': policy,
  'POST /api/v1/policies/apply': { documents: [policy], dry_run: true, reason: 'a sample' },
  'POST /api/v1/policies/test': {
    documents: [policy],
    cases: [{ given: { model: 'mock-small' }, expect: { decision: 'continue' } }],
  },
  'POST /api/v1/policies/lint': { document: policy },
  'POST /api/v1/policies/preview': { policy },
  'POST /api/v1/policies/explain': { model: 'mock-small' },
  'POST /api/v1/policies/:id/overrides': {
    control_id: `ctl_${'0'.repeat(26)}`,
    amount: 1,
    hours: 1,
    reason: 'a sample',
  },
  'POST /api/v1/policies/:id/exemptions': { kind: 'agent', id: 'sample', hours: 1, reason: 'a sample' },
  'PUT /api/v1/policies/:id': { ...policy, reason: 'a sample' },
  'PUT /api/v1/agents/:id': { name: 'a sample' },
  'POST /api/v1/channels': { slug: 'sample', kind: 'webhook', url: 'https://example.com/hook' },
  'PUT /api/v1/channels/:id': { name: 'a sample' },
  'PUT /api/v1/projects/:id': { name: 'a sample' },
  'POST /api/v1/views': { path: '/incidents', name: 'a sample', search: 'state=resolved' },
  'POST /api/v1/incidents': {
    run_id: `run_${'0'.repeat(26)}`,
    category: 'SAFETY_VIOLATION',
    severity: 'LOW',
    title: 'a sample',
    reason: 'a sample',
  },
  'POST /api/v1/incidents/bulk': {
    ids: [`inc_${'0'.repeat(26)}`],
    act: { kind: 'reopen', reason: 'a sample' },
  },
  'POST /api/v1/runs': { goal: 'a sample', agent_id: 'sample' },
  'POST /api/v1/runs/:id/steps': {
    steps: [
      { kind: 'tool', name: 'sample', started_at: '2026-01-01T00:00:00.000Z', ended_at: '2026-01-01T00:00:01.000Z' },
    ],
  },
  'POST /api/v1/runtime/simulate': { goal: 'a sample', agent_id: 'sample' },
  'PUT /api/v1/providers/:id': { enabled: true },
  'POST /api/v1/providers/:id/use': { model: 'sample' },
  'POST /api/v1/providers': { slug: 'sample', kind: 'openai' },
};

const words = [
  'sample',
  'openai',
  'a sample',
  '2099-01-01T00:00:00.000Z',
  'https://example.com',
  '1',
  '00000000000000000000000000',
];

/** The least body that the endpoint takes; fails when it cannot be made from the schema and nobody has written one. */
export function sampleBody(endpoint: { method: string; path: string; body: z.ZodType }): unknown {
  const name = `${endpoint.method} ${endpoint.path}`;
  const sample =
    written[name] ?? sampleOf(z.toJSONSchema(endpoint.body, { io: 'input', unrepresentable: 'any' }) as Schema);
  const { success, error } = endpoint.body.safeParse(sample);
  if (success) return sample;
  throw new Error(
    `${name} needs a sample body in e2e/http/samples.ts: ${JSON.stringify(sample)} is refused: ${error.message}`,
  );
}

function sampleOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  const [first] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  if (first) return sampleOf(first);
  switch (schema.type) {
    case 'object': {
      const names = schema.required ?? [];
      return Object.fromEntries(names.map((name) => [name, sampleOf(schema.properties?.[name] ?? {})]));
    }
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}));
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return wordFor(schema);
  }
}

function wordFor({ pattern, format }: Schema): string {
  if (format === 'date-time') return '2099-01-01T00:00:00.000Z';
  if (format === 'uri') return 'https://example.com';
  if (!pattern) return 'sample';
  const prefix = /^\^([a-z]{3})_/.exec(pattern)?.[1];
  const choices = prefix ? [`${prefix}_${'0'.repeat(26)}`] : words;
  return choices.find((word) => new RegExp(pattern, 'u').test(word)) ?? 'sample';
}
