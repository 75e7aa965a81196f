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

-- Adds calls to their runs, each run found by its key and locked in the order of the ids; see post_balances.
create function add_to_runs(p_calls json) returns void language plpgsql as $$
declare
  me constant text := current_tenant();
  item record;
begin
  for item in
    select run_id, sum(calls) as calls, sum(refused_calls) as refused_calls, sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens, sum(cost_usd) as cost_usd, max(at) as at,
        (array_agg(last_refusal order by at desc))[1] as last_refusal,
        (array_agg(violation_policy_id) filter (where violation_policy_id is not null))[1] as violation_policy_id,
        (array_agg(policy_context order by at desc))[1] as policy_context
      from json_to_recordset(p_calls) c(run_id text, calls int, refused_calls int, input_tokens bigint, output_tokens bigint,
        cost_usd numeric, last_refusal text, violation_policy_id text, policy_context text, at timestamptz)
      group by run_id order by run_id
  loop
    update runs r set calls = r.calls + item.calls, refused_calls = r.refused_calls + item.refused_calls,
        input_tokens = r.input_tokens + item.input_tokens, output_tokens = r.output_tokens + item.output_tokens,
        estimated_cost_usd = r.estimated_cost_usd + item.cost_usd,
        last_activity_at = greatest(r.last_activity_at, item.at), last_refusal = item.last_refusal,
        violation_policy_id = coalesce(r.violation_policy_id, item.violation_policy_id), policy_context = item.policy_context
      where r.tenant_id = me and r.id = item.run_id;
  end loop;
end $$;

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
