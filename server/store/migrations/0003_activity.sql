-- What ran: runs, traces, steps.

create table runs (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  project_id text collate "C" not null,
  agent_id text collate "C",
  actor_id text collate "C",
  api_key_id text collate "C" not null,
  session_id text collate "C",
  parent_run_id text collate "C",
  mode text not null check (mode in ('gateway', 'managed', 'external')),
  goal text,
  status text not null check (status in ('queued', 'running', 'retry', 'succeeded', 'failed', 'failed_policy', 'cancelled')),
  hold text not null default 'none' check (hold in ('none', 'paused', 'stopping')),
  termination_reason text check (termination_reason in ('COMPLETED', 'POLICY_BLOCK', 'BUDGET_EXCEEDED', 'RATE_LIMITED', 'TIMEOUT', 'SYSTEM_FAILURE', 'USER_ABORT')),
  outcome_record text check (outcome_record in ('SUCCESS', 'FAILURE', 'BLOCKED', 'ABORTED')),
  identity text not null check (identity in ('bound', 'claimed', 'none')),
  policy_snapshot_id text collate "C",
  policy_context text not null default 'SYSTEM_DEFAULT',
  violation_policy_id text collate "C",
  -- How the run would end if it became idle now: the reason of its last call, null after a good one.
  last_refusal text,
  calls integer not null default 0,
  refused_calls integer not null default 0,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  estimated_cost_usd numeric(20, 9) not null default 0,
  tags jsonb not null default '{}',
  is_synthetic boolean not null default false,
  synthetic_scenario_id text,
  created_at timestamptz not null,
  started_at timestamptz,
  last_activity_at timestamptz not null,
  ended_at timestamptz,
  primary key (tenant_id, id)
) partition by range (id);
create index runs_open on runs (tenant_id, last_activity_at) where status in ('queued', 'running', 'retry');
create index runs_ended on runs (tenant_id, ended_at, id) where ended_at is not null;

create table traces (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  run_id text collate "C" not null,
  started_at timestamptz not null,
  completed_at timestamptz,
  incident_id text collate "C",
  summary jsonb,
  primary key (tenant_id, id)
) partition by range (id);

create table steps (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  trace_id text collate "C" not null,
  run_id text collate "C" not null,
  kind text not null check (kind in ('llm', 'tool', 'retrieval', 'query', 'transform')),
  skill text not null,
  params jsonb not null,
  status text not null check (status in ('succeeded', 'failed', 'blocked', 'cancelled', 'cut')),
  decision_id text collate "C" not null,
  cost_usd numeric(20, 9),
  error jsonb,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  duration_ms integer not null,
  is_synthetic boolean not null default false,
  primary key (tenant_id, id)
) partition by range (id);
create index steps_of_run on steps (tenant_id, run_id, id);

insert into partitioned_tables values ('runs', 'run'), ('traces', 'trc'), ('steps', 'stp');
call isolate('runs');
call isolate('traces');
call isolate('steps');
call make_write_once('traces', array['completed_at', 'incident_id', 'summary']);
call make_write_once('steps');
