-- A run that failed for a reason that may pass is tried again by itself; a plan that was only assumed waits to be used.

alter table managed_runs add column retries integer not null default 0;
alter table managed_runs add column retries_max integer not null default 3;
-- Not to be claimed before this: it waits between two tries.
alter table managed_runs add column not_before timestamptz;

-- Plans that a simulation assumed. A run that names one carries exactly that one out.
create table assumed_plans (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  project_id text collate "C" not null,
  goal text not null,
  plan jsonb not null,
  created_at timestamptz not null,
  primary key (tenant_id, id)
);
call isolate('assumed_plans');
grant select, insert, delete on assumed_plans to aos_runtime;
