-- People at the console, each by the key they signed in with. The browser holds a random token; only its hash is kept.

create table sign_ins (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  api_key_id text collate "C" not null,
  token_hash text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id)
);
create unique index sign_ins_by_hash on sign_ins (token_hash);

-- Like a key, a sign-in is found by the hash of what was presented, before its tenant is known.
call isolate('sign_ins');
create policy presented on sign_ins for select using (token_hash = nullif(current_setting('app.presented_hash', true), ''));
grant select, insert, update, delete on sign_ins to aos_runtime;
