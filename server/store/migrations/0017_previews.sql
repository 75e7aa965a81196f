-- What a policy would have done: computed by the process that was asked, kept here so that every process can tell how
-- far it is, hand out what came of it, and have it stopped.

create table previews (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  -- Null: of the whole tenant.
  project_id text collate "C",
  created_by text collate "C" not null,
  status text not null check (status in ('running', 'ready', 'failed', 'cancelled')),
  request jsonb not null,
  calls_done bigint not null default 0,
  -- About how many there are; null while nobody has counted.
  calls_total bigint,
  result jsonb,
  error text,
  created_at timestamptz not null,
  -- Renewed while it is computed: a preview that stands still was left by its process.
  touched_at timestamptz not null,
  ended_at timestamptz,
  primary key (tenant_id, id)
);

call isolate('previews');
grant select, insert, update, delete on previews to aos_runtime;
