-- How many runs began in each hour and day (UTC), by how they ended. Rows are only ever added: what one hour of one
-- project comes to is the sum of its rows. Synthetic and reported runs are not part of it.
create table run_sums (
  tenant_id text collate "C" not null,
  width text not null check (width in ('hour', 'day')),
  start timestamptz not null,
  project_id text collate "C" not null,
  agent_id text collate "C",
  mode text not null,
  status text not null,
  termination_reason text,
  runs bigint not null
);
create index run_sums_by_start on run_sums (tenant_id, width, start);

-- Runs of hours that are summed up which had not ended by then. They are added when they have.
create table late_runs (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  primary key (tenant_id, id)
);

-- As call_sums_until.
create table run_sums_until (
  tenant_id text collate "C" not null primary key,
  since timestamptz not null,
  hours_until timestamptz not null,
  days_until timestamptz not null
);

call isolate('run_sums');
call isolate('late_runs');
call isolate('run_sums_until');
grant select, insert on run_sums to aos_runtime;
grant select, insert, delete on late_runs to aos_runtime;
grant select, insert, update on run_sums_until to aos_runtime;
