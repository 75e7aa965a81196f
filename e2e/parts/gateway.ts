import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import pg from 'pg';
import { type StubProvider, startStubProvider } from '../../tools/simulate/stub-provider.ts';
import { type Api, anthropicClient, api, makePolicy, openaiClient, type PolicyBody, waitFor } from './client.ts';
import { changeSchema, freshDatabase, type TestDatabase } from './database.ts';
import { type ServerProcess, startServer } from './processes.ts';

/** One server on a database of its own, with a stub as the provider behind `openai` and `anthropic`. */
export interface Gateway {
  server: ServerProcess;
  stub: StubProvider;
  database: TestDatabase;
  /** With the admin key, whose project is `default`. */
  admin: Api;
  /** Rows of the database as they are; tables are found without their schema. */
  rows<T extends pg.QueryResultRow = pg.QueryResultRow>(statement: string, values?: unknown[]): Promise<T[]>;
  /** Changes a table while the server works. */
  change(statement: string): Promise<void>;
  openai(options?: Parameters<typeof openaiClient>[2]): OpenAI;
  anthropic(options?: Parameters<typeof anthropicClient>[2]): Anthropic;
  /** Settled calls are written before their answer ends; this waits until no hold is open. */
  untilSettled(): Promise<void>;
  /** Stops the process and starts one with the same data and settings; after something else at the same place. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

const provider_key = 'sk-stub-provider-key';

export async function startGateway(env: Record<string, string> = {}): Promise<Gateway> {
  const [database, stub] = await Promise.all([freshDatabase('postgres'), startStubProvider()]);
  const settings = {
    OPENAI_API_KEY: provider_key,
    OPENAI_BASE_URL: stub.url,
    ANTHROPIC_API_KEY: provider_key,
    ANTHROPIC_BASE_URL: stub.origin,
    ...env,
  };
  const data_dir = mkdtempSync(path.join(tmpdir(), 'aos-gateway-'));
  const start = (at: { port?: number } = {}) =>
    startServer({ database_url: database.url, data_dir, env: settings, ...at });
  let server = await start();
  const pool = new pg.Pool({ connectionString: database.url, max: 4, options: '-c search_path=aos -c timezone=UTC' });
  pool.on('error', () => undefined);
  const rows: Gateway['rows'] = async <T extends pg.QueryResultRow>(statement: string, values: unknown[] = []) =>
    (await pool.query<T>(statement, values)).rows;
  return {
    get server() {
      return server;
    },
    get admin() {
      return api(server);
    },
    stub,
    database,
    rows,
    change: (statement) => changeSchema(pool, statement),
    openai: (options) => openaiClient(server, server.admin_key, options),
    anthropic: (options) => anthropicClient(server, server.admin_key, options),
    untilSettled: async () => {
      await waitFor(async () => (await rows('select from holds')).length === 0, { what: 'the end of all holds' });
    },
    restart: async (meanwhile) => {
      await server.stop();
      await meanwhile?.();
      server = await start(meanwhile && { port: Number(new URL(server.url).port) });
    },
    stop: async () => {
      // A server that does not stop fails the test, and leaves nothing behind all the same.
      const stopped = await Promise.allSettled([server.stop()]);
      await pool.end();
      await stub.close();
      await database.drop();
      rmSync(data_dir, { recursive: true, force: true });
      for (const end of stopped) if (end.status === 'rejected') throw end.reason;
    },
  };
}

/** A message for the stub, which does as the directive in it says. */
export const say = (directive: object = {}, text = 'Hello.') => [
  { role: 'user' as const, content: `${text} stub: ${JSON.stringify(directive)}` },
];

/** The three wires of generated text: a path, a model the stub stands behind, and the least body. */
export const wires = {
  chat: {
    path: '/v1/chat/completions',
    body: (directive: object, more: object = {}) => ({ model: 'gpt-4o-mini', messages: say(directive), ...more }),
  },
  responses: {
    path: '/v1/responses',
    body: (directive: object, more: object = {}) => ({ model: 'gpt-4o-mini', input: say(directive), ...more }),
  },
  messages: {
    path: '/v1/messages',
    body: (directive: object, more: object = {}) => ({
      model: 'claude-opus-4-6',
      max_tokens: 1000,
      messages: say(directive),
      ...more,
    }),
  },
};
export type WireName = keyof typeof wires;
export const wire_names = Object.keys(wires) as WireName[];

/** A policy in force for one agent: other tests of the same server are not touched by it. */
export function limitAgent(gateway: Gateway, agent: string, control: object, more: object = {}): Promise<PolicyBody> {
  const document = { name: `for ${agent}`, target: { kind: 'agent', ids: [agent] }, controls: [control], ...more };
  return makePolicy(gateway.admin, document);
}

export interface RecordRow extends pg.QueryResultRow {
  id: string;
  run_id: string;
  trace_id: string;
  step_id: string;
  decision_id: string;
  execution_status: string;
  http_status: number | null;
  error_code: string | null;
  usage_source: string;
  input_tokens: string | null;
  output_tokens: string | null;
  cost_usd: string | null;
  streamed: boolean;
  provider: string;
  model: string;
  wire: string;
  prompt_hash: string;
  response_hash: string | null;
  verdict: string;
  tags: Record<string, string>;
}

/** The records of a run, in order. */
export const recordsOf = ({ rows }: Gateway, run_id: string): Promise<RecordRow[]> =>
  rows<RecordRow>('select * from llm_run_records where run_id = $1 order by id', [run_id]);
