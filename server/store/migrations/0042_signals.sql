-- What deserves attention and is no incident. Found by a look at what is recorded; people acknowledge or suppress it, and
-- it is resolved by itself when its condition has passed.

create table signals (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  type text not null,
  subject text collate "C" not null,
  status text not null check (status in ('open', 'acknowledged', 'suppressed', 'resolved')),
  severity text not null check (severity in ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  text text not null,
  evidence jsonb not null,
  project_id text collate "C",
  agent_id text collate "C",
  api_key_id text collate "C",
  policy_id text collate "C",
  run_id text collate "C",
  is_synthetic boolean not null default false,
  times_seen integer not null default 1,
  -- Looks that found it in each of 24 hours; the last one is the hour of last_seen_at.
  last_day integer[] not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  acted_at timestamptz,
  acted_by text collate "C",
  act_reason text,
  suppressed_until timestamptz,
  resolved_at timestamptz,
  primary key (tenant_id, id),
  check ((status = 'suppressed') = (suppressed_until is not null)),
  check ((status = 'resolved') = (resolved_at is not null))
);
-- The promise: one of each type and subject at a time, however many processes look.
create unique index signals_once on signals (tenant_id, type, subject) where status <> 'resolved';
create index signals_by_status on signals (tenant_id, status, id);

-- When signals were last looked for: of all processes one looks at a time.
create table signal_looks (
  tenant_id text collate "C" not null primary key references tenants (id),
  looked_at timestamptz not null
);

call isolate('signals');
call isolate('signal_looks');
grant select, insert, update on signals, signal_looks to aos_runtime;

-- What a look reads is rare among the rows of its table, and is found without reading the others.
create index steps_of_tools on steps (tenant_id, id) where kind = 'tool';
create index llm_run_records_unpriced on llm_run_records (tenant_id, id) where cost_usd is null;
