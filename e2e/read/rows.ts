import { firstSuffixAt, sibling } from '@aos/core/base/id.ts';
import { makeId } from '@aos/server/base/deps.ts';
import pg from 'pg';

/** Rows as they would have been written by governed calls, for lists that no test could fill by calling. */
export interface Rows {
  insert(table: string, rows: readonly object[]): Promise<void>;
  query<T extends pg.QueryResultRow>(statement: string, values?: unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

/** How far in the past rows may be. */
const days_kept = 60;

export async function openRows(url: string): Promise<Rows> {
  const pool = new pg.Pool({ connectionString: url, max: 2, options: '-c search_path=aos -c timezone=UTC' });
  pool.on('error', () => undefined);
  // Rows of days past may be of a month in which nothing was installed yet.
  const from_ms = Date.now() - days_kept * 86_400_000;
  await pool.query('call ensure_partitions($1, $2)', [new Date(from_ms).toISOString(), Math.ceil(days_kept / 28) + 1]);
  return {
    insert: async (table, rows) => {
      const text = `insert into ${table} select * from json_populate_recordset(null::${table}, $1)`;
      await pool.query(text, [JSON.stringify(rows)]);
    },
    query: async <T extends pg.QueryResultRow>(statement: string, values: unknown[] = []) =>
      (await pool.query<T>(statement, values)).rows,
    close: () => pool.end(),
  };
}

/** An id as if it had been made at this instant. */
export const idAt = (prefix: string, epoch_ms: number): string =>
  `${prefix}_${firstSuffixAt(epoch_ms).slice(0, 10)}${makeId('event').slice(-16)}`;

export interface Whose {
  tenant_id: string;
  project_id: string;
  agent_id?: string | null;
  actor_id?: string | null;
  session_id?: string | null;
  api_key_id?: string;
}

/** The project that the first boot makes, and its tenant. */
export async function firstProject(rows: Rows): Promise<{ tenant_id: string; project_id: string }> {
  const [project] = await rows.query<{ tenant_id: string; project_id: string }>(
    "select tenant_id, id as project_id from projects where slug = 'default'",
  );
  if (!project) throw new Error('the first boot makes a project');
  return project;
}

/** Agents or actors with these ids, for filters that name them. */
export const namedRows = (ids: readonly (string | null)[], more: object) =>
  ids.flatMap((id, n) =>
    id === null
      ? []
      : { id, slug: `named-${n}`, name: '', auto_registered: false, created_at: new Date().toISOString(), ...more },
  );

const snapshot = `snp_${'0'.repeat(26)}`;
const key = `key_${'0'.repeat(26)}`;
const nobody = { agent_id: null, actor_id: null, session_id: null, api_key_id: key };

/** A run that went well, made at this instant. */
export function runRow(whose: Whose, at_ms: number, more: object = {}) {
  const at = new Date(at_ms).toISOString();
  return {
    ...nobody,
    ...whose,
    id: idAt('run', at_ms),
    mode: 'gateway',
    status: 'succeeded',
    hold: 'none',
    termination_reason: 'COMPLETED',
    outcome_record: 'SUCCESS',
    identity: 'none',
    policy_snapshot_id: snapshot,
    policy_context: 'SYSTEM_DEFAULT',
    calls: 1,
    refused_calls: 0,
    input_tokens: 10,
    output_tokens: 5,
    estimated_cost_usd: '0.000123456',
    tags: {},
    is_synthetic: false,
    created_at: at,
    started_at: at,
    last_activity_at: at,
    ended_at: at,
    ...more,
  };
}

/** The record of the one call of a run. */
export function recordRow(run: ReturnType<typeof runRow>, more: object = {}) {
  const { tenant_id, project_id, agent_id, actor_id, session_id, api_key_id, is_synthetic } = run;
  return {
    ...{ tenant_id, project_id, agent_id, actor_id, session_id, api_key_id, is_synthetic },
    id: sibling(run.id, 'record'),
    run_id: run.id,
    trace_id: sibling(run.id, 'trace'),
    step_id: sibling(run.id, 'step'),
    decision_id: sibling(run.id, 'decision'),
    provider: 'openai',
    model: 'gpt-4o-mini',
    wire: 'chat',
    streamed: false,
    execution_status: 'succeeded',
    http_status: 200,
    prompt_hash: '0'.repeat(64),
    input_tokens: 10,
    output_tokens: 5,
    usage_source: 'provider',
    cost_usd: '0.000123456',
    policy_snapshot_id: snapshot,
    verdict: 'continue',
    estimate: {},
    holds: [],
    tags: {},
    source: 'gateway',
    admitted_at: run.created_at,
    settled_at: run.created_at,
    ...more,
  };
}

/** That half of a limit is used, told by a call of the run. */
export function alertRow(run: ReturnType<typeof runRow>, more: object = {}) {
  const { tenant_id, project_id, agent_id, actor_id, api_key_id, is_synthetic, created_at } = run;
  return {
    ...{ tenant_id, project_id, agent_id, actor_id, api_key_id, is_synthetic },
    ...{ id: makeId('alert'), kind: 'tier', tier: 50, status: 'noted', text: 'half of it is used' },
    ...{ policy_id: makeId('policy'), policy_name: 'A day', policy_version: 1, control_id: makeId('control') },
    ...{ mode: 'enforce', action: 'block', limit_type: 'requests', subject: '*', unit: 'requests' },
    ...{ limit_value: '10', used: '5', reserved: '0', window_start: created_at, event_id: makeId('event') },
    ...{ run_id: run.id, channels: [], requires_ack: false, fired_at: created_at, repeats: 0 },
    ...more,
  };
}

export function incidentRow(run: ReturnType<typeof runRow>, policy_id: string, more: object = {}) {
  const { tenant_id, project_id, agent_id, actor_id, api_key_id, is_synthetic, created_at } = run;
  return {
    ...{ tenant_id, project_id, agent_id, actor_id, api_key_id, is_synthetic },
    id: sibling(run.id, 'incident'),
    source_run_id: run.id,
    violation_policy_id: policy_id,
    trace_id: sibling(run.id, 'trace'),
    decision_id: sibling(run.id, 'decision'),
    category: 'BUDGET_EXCEEDED',
    severity: 'HIGH',
    status: 'open',
    title: 'A call was blocked',
    occurrences: 1,
    opened_at: created_at,
    last_occurred_at: created_at,
    ...more,
  };
}
