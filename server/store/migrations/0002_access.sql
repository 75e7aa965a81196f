-- Who is asking: tenants, projects, agents, actors, sessions, keys; and the providers and prices they use.

create table tenants (
  id text collate "C" primary key,
  slug text not null unique,
  name text not null,
  -- Raised by every change of control (policy, key, provider, kill): admissions compare it under the gate.
  control_epoch bigint not null default 1,
  created_at timestamptz not null
);
alter table tenants enable row level security;
alter table tenants force row level security;
-- The process itself lists tenants for its jobs; a request sees its own only.
create policy own_or_all on tenants
  using (id = current_tenant() or current_setting('app.all_tenants', true) = 'on')
  with check (id = current_tenant() or current_setting('app.all_tenants', true) = 'on');

create table projects (
  tenant_id text collate "C" not null references tenants (id),
  id text collate "C" not null,
  slug text not null,
  name text not null,
  content_mode text not null default 'none' check (content_mode in ('none')),
  auto_register boolean not null default true,
  -- Output tokens assumed (and sent) for a call under a token or cost limit whose caller gave no bound.
  default_output_bound integer not null default 4096 check (default_output_bound between 16 and 1000000),
  created_at timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, slug)
);

create table agents (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  project_id text collate "C" not null,
  slug text not null,
  name text not null,
  auto_registered boolean not null default false,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, slug),
  foreign key (tenant_id, project_id) references projects (tenant_id, id)
);

create table actors (
  tenant_id text collate "C" not null references tenants (id),
  id text collate "C" not null,
  slug text not null,
  name text not null,
  kind text not null default 'human' check (kind in ('human', 'service', 'system')),
  auto_registered boolean not null default false,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, slug)
);

create table api_keys (
  tenant_id text collate "C" not null references tenants (id),
  id text collate "C" not null,
  -- The first key of a rotation chain: policies and counters follow it.
  lineage_id text collate "C" not null,
  -- Null: a key of the whole tenant.
  project_id text collate "C",
  name text not null,
  role text not null check (role in ('owner', 'admin', 'policy_author', 'approver', 'operator', 'auditor', 'viewer', 'service')),
  hash text not null,
  hint text not null,
  agent_ids text[] not null default '{}',
  actor_ids text[] not null default '{}',
  created_by text,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  rotated_from text collate "C",
  primary key (tenant_id, id),
  foreign key (tenant_id, project_id) references projects (tenant_id, id),
  foreign key (tenant_id, rotated_from) references api_keys (tenant_id, id)
);
create unique index api_keys_by_hash on api_keys (hash);

create table sessions (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  project_id text collate "C" not null,
  external_id text not null,
  -- The run that new calls of the session join.
  run_id text collate "C",
  created_at timestamptz not null,
  last_activity_at timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, project_id, external_id),
  foreign key (tenant_id, project_id) references projects (tenant_id, id)
);

create table providers (
  tenant_id text collate "C" not null references tenants (id),
  id text collate "C" not null,
  slug text not null,
  kind text not null check (kind in ('openai', 'anthropic', 'mock')),
  base_url text,
  -- Envelope: the secret under its own data key, the data key under the installation's key, which is not in here.
  secret_envelope text,
  -- Models this provider serves beyond those the price book knows for its kind.
  models text[] not null default '{}',
  enabled boolean not null default true,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, slug)
);

create table prices (
  tenant_id text collate "C" not null references tenants (id),
  id text collate "C" not null,
  provider text not null,
  model text not null,
  version integer not null,
  tiers jsonb not null,
  source text not null,
  effective_from timestamptz not null,
  created_by text,
  reason text,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, provider, model, version)
);

create table idempotency_keys (
  tenant_id text collate "C" not null references tenants (id),
  api_key_id text collate "C" not null,
  key text not null,
  request_hash text not null,
  status integer,
  response jsonb,
  created_at timestamptz not null,
  primary key (tenant_id, api_key_id, key)
);

-- Processes that may own open holds; a hold whose owner stopped beating is a dead hold.
create table instances (
  id text collate "C" primary key,
  version text not null,
  roles text not null,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp()
);

call isolate('projects');
call isolate('agents');
call isolate('actors');
call isolate('sessions');
call isolate('providers');
call isolate('prices');
call isolate('idempotency_keys');
call make_write_once('prices');

-- A key is found by the hash of what the caller presented, before its tenant is known.
alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy own_tenant on api_keys using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
create policy presented on api_keys for select using (hash = nullif(current_setting('app.presented_hash', true), ''));
