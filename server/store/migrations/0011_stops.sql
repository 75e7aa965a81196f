-- What people and policies stopped: runs that were killed, and agents, actors, keys or the whole tenant contained.
-- Whether something is stopped is asked here and in runs, never in the memory of a process.

create table stops (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  kind text not null check (kind in ('run', 'agent', 'actor', 'api_key', 'tenant')),
  -- The id of what was stopped; of a key its lineage, so that rotating the secret does not release it.
  subject_id text collate "C" not null,
  name text not null,
  reason text not null,
  -- Null: a policy ordered it.
  ordered_by text collate "C",
  policy_id text collate "C",
  ordered_at timestamptz not null,
  released_at timestamptz,
  released_by text collate "C",
  release_reason text,
  -- A run: when its trace was completed, after its last call had been settled.
  settled_at timestamptz,
  primary key (tenant_id, id)
);
-- One containment of a subject at a time; a run is killed once.
create unique index stops_in_force on stops (tenant_id, kind, subject_id) where released_at is null;
create index stops_unsettled on stops (tenant_id, id) where kind = 'run' and settled_at is null;

-- Each process says what it ended, once it has ended it.
create table stop_confirmations (
  tenant_id text collate "C" not null,
  stop_id text collate "C" not null,
  instance_id text collate "C" not null,
  calls_aborted integer not null,
  streams_cut integer not null,
  confirmed_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, stop_id, instance_id),
  foreign key (tenant_id, stop_id) references stops (tenant_id, id)
);

call isolate('stops');
call isolate('stop_confirmations');
grant select, insert on stops, stop_confirmations to aos_runtime;
grant update on stops to aos_runtime;
