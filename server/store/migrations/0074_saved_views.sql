-- Views of lists of the console that are shared: what a list is narrowed to, under a name.
create table saved_views (
  tenant_id text collate "C" not null references tenants (id),
  id text collate "C" not null,
  -- Null: everybody of the tenant sees it.
  project_id text collate "C",
  path text not null,
  name text not null,
  search text not null,
  created_by text collate "C" not null,
  created_at timestamptz not null,
  primary key (tenant_id, id)
);
create unique index saved_views_by_name on saved_views (tenant_id, path, coalesce(project_id, ''), name);

call isolate('saved_views');
grant select, insert, delete on saved_views to aos_runtime;
