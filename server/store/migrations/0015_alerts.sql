-- Near control: what limits have reached, whom it is told, and what became of telling it.

-- Where alerts are told. Addresses may be secrets (a Slack URL is one), so they are sealed; `address` is what people see.
create table channels (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  slug text collate "C" not null,
  name text not null,
  kind text not null check (kind in ('console', 'webhook', 'slack', 'email')),
  address text,
  address_envelope text,
  secret_envelope text,
  enabled boolean not null,
  tested_at timestamptz,
  failing_since timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  removed_at timestamptz,
  primary key (tenant_id, id)
);
create unique index channels_by_slug on channels (tenant_id, slug) where removed_at is null;

-- The key is the promise: each tier of a control is told once for each subject and window, however many processes see
-- it being reached. A forecast has no tier.
create table alerts (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  kind text not null check (kind in ('tier', 'forecast')),
  tier integer check ((tier is null) = (kind = 'forecast')),
  status text not null check (status in ('open', 'noted', 'acknowledged')),
  text text not null,
  policy_id text collate "C" not null,
  policy_name text not null,
  policy_version integer not null,
  control_id text collate "C" not null,
  mode text not null,
  action text not null,
  limit_type text not null,
  subject text collate "C" not null,
  unit text not null,
  limit_value text not null,
  used text not null,
  reserved text not null,
  window_start timestamptz not null,
  window_end timestamptz,
  empties_at timestamptz,
  decision_id text collate "C",
  run_id text collate "C",
  project_id text collate "C",
  agent_id text collate "C",
  actor_id text collate "C",
  api_key_id text collate "C",
  event_id text collate "C" not null,
  channels text[] not null,
  requires_ack boolean not null,
  fired_at timestamptz not null,
  acknowledged_at timestamptz,
  acknowledged_by text collate "C",
  acknowledge_reason text,
  is_synthetic boolean not null default false,
  primary key (tenant_id, id)
);
create unique index alerts_once on alerts (tenant_id, control_id, subject, window_start, coalesce(tier, 0));
create index alerts_open on alerts (tenant_id, id) where status = 'open';

-- One message for one channel, written in the transaction of its alert. Whoever sends it holds a lease; a sender that
-- dies leaves it to the next one, under the same id.
create table deliveries (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  alert_id text collate "C",
  channel_id text collate "C" not null,
  status text not null check (status in ('pending', 'delivered', 'dead')),
  notice jsonb not null,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  lease_owner text collate "C",
  lease_until timestamptz,
  last_error text,
  log jsonb not null default '[]',
  created_at timestamptz not null,
  delivered_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, channel_id) references channels (tenant_id, id),
  foreign key (tenant_id, alert_id) references alerts (tenant_id, id)
);
create index deliveries_due on deliveries (tenant_id, channel_id, next_attempt_at) where status = 'pending';
create index deliveries_dead on deliveries (tenant_id, id) where status = 'dead';
create index deliveries_of_alert on deliveries (tenant_id, alert_id);

-- Every tenant has the console; its id shares the suffix of the tenant's.
insert into channels (tenant_id, id, slug, name, kind, enabled, tested_at, created_at, updated_at)
  select id, 'chn_' || substr(id, 5), 'console', 'Console', 'console', true, now(), now(), now() from tenants;

call isolate('channels');
call isolate('alerts');
call isolate('deliveries');
grant select, insert, update on channels, alerts, deliveries to aos_runtime;
