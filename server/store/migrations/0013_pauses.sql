-- What waits for a person: questions that controls with the action `pause` ask, and runs that people have paused.

-- One question for each balance at a time, however many calls wait for its answer. A question that nobody answered in
-- time is decided by its own `on_timeout`, at that instant: nothing has to happen for it.
create table approvals (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  status text not null check (status in ('pending', 'approved', 'denied', 'timed_out')),
  policy_id text collate "C" not null,
  policy_name text not null,
  policy_version integer not null,
  control_id text collate "C" not null,
  subject text collate "C" not null,
  run_id text collate "C" not null,
  project_id text collate "C" not null,
  agent_id text collate "C",
  actor_id text collate "C",
  api_key_id text collate "C" not null,
  question text not null,
  unit text,
  limit_value text,
  used text,
  requested text,
  ask text[] not null,
  on_timeout text not null check (on_timeout in ('block', 'continue')),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  valid_until timestamptz not null,
  decided_at timestamptz,
  decided_by text collate "C",
  decision_reason text,
  override_id text collate "C",
  primary key (tenant_id, id),
  foreign key (tenant_id, policy_id) references policies (tenant_id, id)
);
create unique index approvals_pending on approvals (tenant_id, control_id, subject) where status = 'pending';
create index approvals_valid on approvals (tenant_id, valid_until);

-- A run is paused by people as often as they like; the time does not count as run time.
create table run_pauses (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  run_id text collate "C" not null,
  reason text not null,
  paused_at timestamptz not null,
  paused_by text collate "C" not null,
  resumed_at timestamptz,
  resumed_by text collate "C",
  resume_reason text,
  primary key (tenant_id, id)
);
create unique index run_pauses_in_force on run_pauses (tenant_id, run_id) where resumed_at is null;
create index run_pauses_of_late on run_pauses (tenant_id, resumed_at);

call isolate('approvals');
call isolate('run_pauses');
grant select, insert, update on approvals, run_pauses to aos_runtime;
