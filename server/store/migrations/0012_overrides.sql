-- Exceptions that people make from a policy for a time. Whether one is in force is a question of the instant asked
-- about: nothing has to happen when it expires.

-- A limit raised for a time, for all its subjects or for one.
create table policy_overrides (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  policy_id text collate "C" not null,
  control_id text collate "C" not null,
  -- The balance it concerns; null: every one of the limit.
  subject text collate "C",
  -- By how much, in the limit's own unit, or to which multiple; one of the two.
  amount text,
  factor text,
  reason text not null,
  created_at timestamptz not null,
  created_by text collate "C" not null,
  expires_at timestamptz not null,
  -- When it ended: before its time by a person, else with the mark that its time had come.
  ended_at timestamptz,
  ended_by text collate "C",
  end_reason text,
  primary key (tenant_id, id),
  foreign key (tenant_id, policy_id) references policies (tenant_id, id),
  check ((amount is null) <> (factor is null)),
  check (expires_at > created_at and expires_at <= created_at + interval '168 hours')
);
create index overrides_in_force on policy_overrides (tenant_id, expires_at) where ended_at is null;

-- A subject taken out of a policy for a time.
create table policy_exemptions (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  policy_id text collate "C" not null,
  kind text not null check (kind in ('project', 'agent', 'api_key', 'actor')),
  -- Id or slug, as policies name it; of a key its lineage.
  target_id text collate "C" not null,
  reason text not null,
  created_at timestamptz not null,
  created_by text collate "C" not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  ended_by text collate "C",
  end_reason text,
  primary key (tenant_id, id),
  foreign key (tenant_id, policy_id) references policies (tenant_id, id),
  check (expires_at > created_at)
);
create index exemptions_in_force on policy_exemptions (tenant_id, expires_at) where ended_at is null;

call isolate('policy_overrides');
call isolate('policy_exemptions');
grant select, insert, update on policy_overrides, policy_exemptions to aos_runtime;

-- Policies that are kept in files: what a file calls them, where it came from, and the version it made last. A later
-- version was made by hand.
alter table policies
  add column file_slug text collate "C",
  add column file_origin text,
  add column applied_version integer;
create unique index policies_of_files on policies (tenant_id, file_slug) where status <> 'retired';
