-- How it is controlled: policies with every version, snapshots, the books (balances and open holds), decisions, violations.

create table policies (
  tenant_id text collate "C" not null references tenants (id),
  id text collate "C" not null,
  status text not null check (status in ('draft', 'active', 'disabled', 'retired')),
  mode text not null check (mode in ('enforce', 'shadow')),
  version integer not null,
  source text not null check (source in ('manual', 'file', 'learned')),
  document jsonb not null,
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  activated_at timestamptz,
  retired_at timestamptz,
  retired_reason text,
  primary key (tenant_id, id)
);

create table policy_versions (
  tenant_id text collate "C" not null,
  policy_id text collate "C" not null,
  version integer not null,
  status text not null,
  mode text not null,
  document jsonb not null,
  author text not null,
  reason text,
  created_at timestamptz not null,
  primary key (tenant_id, policy_id, version),
  foreign key (tenant_id, policy_id) references policies (tenant_id, id)
);

create table snapshots (
  tenant_id text collate "C" not null references tenants (id),
  id text collate "C" not null,
  hash text not null,
  document jsonb not null,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, hash)
);

-- One row per counted quantity. The window is part of the key: nothing is ever reset.
-- Amounts are whole units of the limit: tokens, calls, or nano-dollars.
create table balances (
  tenant_id text collate "C" not null,
  control_id text collate "C" not null,
  subject text collate "C" not null,
  window_start timestamptz not null,
  posted bigint not null default 0 check (posted >= 0),
  pending bigint not null default 0 check (pending >= 0),
  primary key (tenant_id, control_id, subject, window_start)
) with (fillfactor = 50);

-- Open holds only: settling deletes the hold and writes its lines into the record of the call, in one transaction.
create table holds (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  run_id text collate "C" not null,
  instance_id text collate "C" not null,
  state text not null default 'held' check (state in ('held', 'suspect')),
  control_ids text[] not null,
  subjects text[] not null,
  window_starts timestamptz[] not null,
  amounts bigint[] not null,
  -- What a record of the call needs when its process dies before it can write one.
  call jsonb not null,
  admitted_at timestamptz not null,
  dispatched_at timestamptz,
  suspect_at timestamptz,
  primary key (tenant_id, id)
);

create table decisions (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  run_id text collate "C",
  step_id text collate "C",
  project_id text collate "C" not null,
  agent_id text collate "C",
  actor_id text collate "C",
  api_key_id text collate "C" not null,
  session_id text collate "C",
  verdict text not null check (verdict in ('continue', 'warn', 'pause', 'block', 'kill')),
  code text,
  policy_id text collate "C",
  control_id text collate "C",
  policy_snapshot_id text collate "C" not null,
  call jsonb not null,
  estimate jsonb not null,
  contributions jsonb not null,
  is_synthetic boolean not null default false,
  decided_at timestamptz not null,
  primary key (tenant_id, id)
) partition by range (id);
create index decisions_of_run on decisions (tenant_id, run_id, id);

create table violations (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  run_id text collate "C" not null,
  step_id text collate "C",
  decision_id text collate "C" not null,
  policy_id text collate "C" not null,
  policy_version integer not null,
  control_id text collate "C" not null,
  control_type text not null,
  mode text not null,
  action text not null,
  category text not null,
  severity text not null,
  subject text not null,
  unit text,
  limit_value text,
  used text,
  requested text,
  is_synthetic boolean not null default false,
  occurred_at timestamptz not null,
  incident_id text collate "C",
  primary key (tenant_id, id)
) partition by range (id);
create index violations_of_run on violations (tenant_id, run_id, id);

insert into partitioned_tables values ('decisions', 'dec'), ('violations', 'vio');
call isolate('policies');
call isolate('policy_versions');
call isolate('snapshots');
call isolate('balances');
call isolate('holds');
call isolate('decisions');
call isolate('violations');
call make_write_once('policy_versions');
call make_write_once('snapshots');
call make_write_once('decisions');
call make_write_once('violations', array['incident_id']);
