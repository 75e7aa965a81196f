-- Runs that a worker carries out: what is to be done, who does it at present, and how far it has come.

create table managed_runs (
  tenant_id text collate "C" not null,
  run_id text collate "C" not null,
  -- Null until it has been planned. `given`: the caller's; `model`: made by the agent's model.
  plan jsonb,
  plan_source text check (plan_source in ('given', 'model')),
  model text not null,
  skills text[] not null,
  created_by text collate "C" not null,
  -- The process that works on it, until when it may, and how often it has changed hands: every write carries the epoch.
  lease_owner text collate "C",
  lease_epoch integer not null default 0,
  lease_until timestamptz,
  claims integer not null default 0,
  -- What came of it, sealed.
  result_envelope text,
  failure jsonb,
  ended_at timestamptz,
  primary key (tenant_id, run_id)
);
create index managed_runs_open on managed_runs (tenant_id, run_id) where ended_at is null;

-- The steps of the plan and where they stand. What a step gave is sealed, for the steps after it.
create table planned_steps (
  tenant_id text collate "C" not null,
  run_id text collate "C" not null,
  name text collate "C" not null,
  position integer not null,
  skill text not null,
  state text not null check (state in ('pending', 'running', 'succeeded', 'failed', 'skipped')),
  attempt integer not null default 0,
  step_id text collate "C",
  output_envelope text,
  error jsonb,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (tenant_id, run_id, name),
  foreign key (tenant_id, run_id) references managed_runs (tenant_id, run_id)
);

alter table agents add column skills text[];
alter table agents add column models text[];
alter table agents add column default_model text;

call isolate('managed_runs');
call isolate('planned_steps');
grant select, insert, update on managed_runs, planned_steps to aos_runtime;
