-- The raw truth: LLM run records, the audit ledger, system records. Write-once.

create table llm_run_records (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  run_id text collate "C" not null,
  trace_id text collate "C" not null,
  step_id text collate "C" not null,
  decision_id text collate "C" not null,
  project_id text collate "C" not null,
  agent_id text collate "C",
  actor_id text collate "C",
  api_key_id text collate "C" not null,
  session_id text collate "C",
  provider text not null,
  model text not null,
  wire text not null,
  streamed boolean not null,
  execution_status text not null check (execution_status in ('succeeded', 'failed', 'cancelled', 'cut')),
  http_status integer,
  error_code text,
  prompt_hash text not null,
  response_hash text,
  input_tokens bigint,
  output_tokens bigint,
  cached_input_tokens bigint,
  cache_write_tokens bigint,
  reasoning_tokens bigint,
  usage_source text not null check (usage_source in ('provider', 'estimated', 'none')),
  -- Null: the model has no price. Never a silent zero.
  cost_usd numeric(20, 9),
  price_id text,
  price_version text,
  policy_snapshot_id text collate "C" not null,
  verdict text not null,
  estimate jsonb not null,
  holds jsonb not null,
  tags jsonb not null,
  source text not null check (source in ('gateway', 'managed', 'reported')),
  is_synthetic boolean not null default false,
  synthetic_scenario_id text,
  admitted_at timestamptz not null,
  first_byte_at timestamptz,
  settled_at timestamptz not null,
  primary key (tenant_id, id)
) partition by range (id);
create index llm_run_records_of_run on llm_run_records (tenant_id, run_id, id);

create table audit_ledger (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  event text not null,
  actor_type text not null check (actor_type in ('human', 'service', 'system')),
  actor_id text not null,
  object_type text not null,
  object_id text not null,
  api_key_id text collate "C",
  agent_id text collate "C",
  project_id text collate "C",
  run_id text collate "C",
  before jsonb,
  after jsonb,
  reason text,
  request_id text,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id)
) partition by range (id);
create index audit_ledger_of_object on audit_ledger (tenant_id, object_id, id);
create index audit_ledger_of_run on audit_ledger (tenant_id, run_id, id) where run_id is not null;

create table system_records (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  component text not null check (component in ('API', 'GATEWAY', 'WORKER', 'SCHEDULER', 'DB', 'AUTH', 'MIGRATION')),
  event_type text not null check (event_type in ('STARTUP', 'SHUTDOWN', 'DEPLOYMENT', 'MIGRATION', 'AUTH_CHANGE', 'CONFIG_CHANGE', 'ERROR', 'HEALTH_CHECK', 'DEGRADED_ENTER', 'DEGRADED_EXIT')),
  severity text not null check (severity in ('INFO', 'WARN', 'CRITICAL')),
  summary text not null,
  details jsonb not null default '{}',
  caused_by text not null check (caused_by in ('SYSTEM', 'HUMAN', 'AUTOMATION')),
  correlation_id text,
  occurred_at timestamptz not null,
  primary key (tenant_id, id)
) partition by range (id);

insert into partitioned_tables values ('llm_run_records', 'rec'), ('audit_ledger', 'evt'), ('system_records', 'evt');
call isolate('llm_run_records');
call isolate('audit_ledger');
call isolate('system_records');
call make_write_once('llm_run_records');
call make_write_once('audit_ledger');
call make_write_once('system_records');
