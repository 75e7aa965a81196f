import pg from 'pg';

/** Rows of one tenant as many calls would have left them, made by the database itself: runs, records and ledger entries. */
export interface ManyRows {
  url: string;
  tenant_id: string;
  project_id: string;
  api_key_id: string;
  runs: number;
  days: number;
  until_ms: number;
  /** Indexes are dropped meanwhile and made in the end: several times faster for millions of rows. Nobody else may write. */
  indexes_last?: boolean;
}

const tables = ['runs', 'llm_run_records', 'audit_ledger'];
const batch = 250_000;
const agents = 40;
const actors = 200;

/** The first ten letters of an id say its instant; behind them comes a number, so that ids sort as they were made. */
const instant_letters = Array.from(
  { length: 10 },
  (_, n) => `substr('0123456789abcdefghjkmnpqrstvwxyz', ((ms >> ${45 - 5 * n}) & 31)::int + 1, 1)`,
).join(' || ');

/** `n` is the number of a run; everything about it follows from that. One in 20,000 is of a provider nobody else uses. */
const numbered = `
  select n, ms, to_timestamp(ms / 1000.0) as at, suffix, n % 100 as hundredth,
      'agt_' || lpad((n * 7919 % ${agents})::text, 26, '0') as agent_id,
      case when n % 10 < 7 then 'act_' || lpad((n * 104729 % ${actors})::text, 26, '0') end as actor_id,
      case when n % 20000 = 7 then 'seldom' else 'openai' end as provider,
      case when n % 20000 = 7 then 'seldom-1' when n % 2000 = 3 then 'gpt-rare' when n % 10 < 6 then 'gpt-4o-mini' else 'gpt-4o' end as model
    from (select n, ms, ${instant_letters} || lpad(n::text, 16, '0') as suffix
      from (select n, ($1::bigint + n * $2::float8)::bigint as ms from generate_series($3::bigint, $4::bigint) n) numbers) ids`;

const status = `case when hundredth = 0 then 'failed' when hundredth = 1 then 'failed_policy' else 'succeeded' end`;

const statements = [
  `insert into runs (tenant_id, id, project_id, agent_id, actor_id, api_key_id, mode, status, termination_reason,
      outcome_record, identity, calls, input_tokens, output_tokens, estimated_cost_usd, created_at, started_at,
      last_activity_at, ended_at)
    select $5, 'run_' || suffix, $6, agent_id, actor_id, $7, 'gateway', ${status},
        case when hundredth = 0 then 'SYSTEM_FAILURE' when hundredth = 1 then 'POLICY_BLOCK' else 'COMPLETED' end,
        case when hundredth = 0 then 'FAILURE' when hundredth = 1 then 'BLOCKED' else 'SUCCESS' end,
        'claimed', 1, 800, 200, 0.000240000, at, at, at, at + interval '1 s' from numbered`,
  `insert into llm_run_records (tenant_id, id, run_id, trace_id, step_id, decision_id, project_id, agent_id, actor_id,
      api_key_id, provider, model, wire, streamed, execution_status, http_status, prompt_hash, input_tokens, output_tokens,
      usage_source, cost_usd, policy_snapshot_id, verdict, estimate, holds, tags, source, admitted_at, settled_at)
    select $5, 'rec_' || suffix, 'run_' || suffix, 'trc_' || suffix, 'stp_' || suffix, 'dec_' || suffix, $6, agent_id,
        actor_id, $7, provider, model, 'chat', false, case when hundredth = 0 then 'failed' else 'succeeded' end, 200,
        repeat('0', 64), 800, 200, 'provider', 0.000240000, 'snp_' || repeat('0', 26), 'continue',
        '{"choices": 1, "input_tokens": 3200, "output_tokens": {"floor": 16, "wanted": 4096}}', '[]', '{"team": "a"}',
        'gateway', at, at + make_interval(secs => 0.3 + (n * 31 % 5000) / 1000.0) from numbered`,
  `insert into audit_ledger (tenant_id, id, event, actor_type, actor_id, object_type, object_id, agent_id, project_id,
      run_id, occurred_at)
    select $5, 'evt_' || suffix, case when n % 3 = 0 then 'LIMIT_BREACHED' else 'LIMIT_WARNED' end, 'human',
        coalesce(actor_id, $7), 'decision', 'dec_' || suffix, agent_id, $6, 'run_' || suffix, at from numbered where n % 5 = 0`,
];

/** Writes them as the owner of a migrated database; `onBatch` hears how far it is. */
export async function writeManyRows(of: ManyRows, onBatch: (runs: number) => void): Promise<void> {
  const client = new pg.Client({ connectionString: of.url, options: '-c search_path=aos -c timezone=UTC' });
  await client.connect();
  try {
    const from_ms = of.until_ms - of.days * 86_400_000;
    await client.query('call ensure_partitions($1, $2)', [
      new Date(from_ms).toISOString(),
      Math.ceil(of.days / 28) + 2,
    ]);
    await client.query(`set app.tenant_id = '${of.tenant_id}'`);
    await client.query('set synchronous_commit = off');
    await register(client, of);
    const indexes = of.indexes_last ? await dropIndexes(client) : [];
    const step_ms = (of.days * 86_400_000) / of.runs;
    for (let first = 0; first < of.runs; first += batch) {
      const last = Math.min(of.runs, first + batch) - 1;
      for (const statement of statements) {
        const values = [from_ms, step_ms, first, last, of.tenant_id, of.project_id, of.api_key_id];
        const used = /\$7/.test(statement) ? values : values.slice(0, 6);
        await client.query(`with numbered as (${numbered}) ${statement}`, used);
      }
      onBatch(last + 1);
    }
    await client.query("set maintenance_work_mem = '512MB'");
    for (const index of indexes) await client.query(index);
    for (const table of tables) await client.query(`vacuum analyze ${table}`);
  } finally {
    await client.end();
  }
}

/** Drops all indexes but those of the keys; answers the statements that make them again. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; made_by: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as made_by from pg_index
      where indrelid = any ($1::regclass[]) and not indisunique`,
    [tables],
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  return rows.map(({ made_by }) => made_by.replace(' ON ONLY ', ' ON '));
}

async function register(client: pg.Client, { tenant_id, project_id }: ManyRows): Promise<void> {
  await client.query(
    `insert into agents (tenant_id, id, project_id, slug, name, created_at)
      select $1, 'agt_' || lpad(n::text, 26, '0'), $2, 'agent-' || n, 'Agent ' || n, now() from generate_series(0, ${agents - 1}) n`,
    [tenant_id, project_id],
  );
  await client.query(
    `insert into actors (tenant_id, id, slug, name, created_at)
      select $1, 'act_' || lpad(n::text, 26, '0'), 'actor-' || n, 'Actor ' || n, now() from generate_series(0, ${actors - 1}) n`,
    [tenant_id],
  );
}
