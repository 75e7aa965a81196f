-- What went wrong. Not partitioned: one incident per run and policy, over all time.

create table incidents (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  source_run_id text collate "C" not null,
  -- SYSTEM_DEFAULT when no policy was involved: a run that failed by itself.
  violation_policy_id text collate "C" not null,
  trace_id text collate "C" not null,
  decision_id text collate "C",
  project_id text collate "C" not null,
  agent_id text collate "C",
  actor_id text collate "C",
  api_key_id text collate "C" not null,
  category text not null check (category in ('EXECUTION_FAILURE', 'BUDGET_EXCEEDED', 'RATE_LIMIT', 'TOKEN_LIMIT', 'CONTENT_POLICY', 'PII_DETECTED', 'SAFETY_VIOLATION', 'HALLUCINATION', 'RAG_ACCESS_DENIED', 'DB_ACCESS_DENIED')),
  severity text not null check (severity in ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  status text not null check (status in ('open', 'acknowledged', 'resolved')),
  title text not null,
  occurrences integer not null default 1,
  is_synthetic boolean not null default false,
  opened_at timestamptz not null,
  last_occurred_at timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, source_run_id, violation_policy_id)
);
create index incidents_by_status on incidents (tenant_id, status, id);
call isolate('incidents');
