-- People of the tenant. Each acts by a key of their own that nobody holds: roles, ledger and sessions are those of keys.

create table members (
  tenant_id text collate "C" not null references tenants (id),
  id text collate "C" not null,
  -- Its hash begins with "member:", so that no text a caller could send is this key.
  api_key_id text collate "C" not null,
  email text not null,
  name text not null,
  -- Found by it before the tenant is known. One address is one person of one tenant.
  email_hash text not null,
  status text not null check (status in ('invited', 'active', 'disabled')),
  password_hash text,
  -- Of the link that lets them choose a password, once.
  invite_hash text,
  invite_expires_at timestamptz,
  failed_attempts integer not null default 0,
  locked_until timestamptz,
  last_signed_in_at timestamptz,
  created_at timestamptz not null,
  created_by text,
  primary key (tenant_id, id),
  unique (tenant_id, api_key_id),
  foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id)
);
create unique index members_by_email on members (email_hash);
create unique index members_by_invite on members (invite_hash) where invite_hash is not null;

call isolate('members');
create policy presented on members for select
  using (nullif(current_setting('app.presented_hash', true), '') in (email_hash, invite_hash));
grant select, insert, update on members to aos_runtime;

-- What a policy did, over days.
create index violations_of_policy on violations (tenant_id, policy_id, id);
