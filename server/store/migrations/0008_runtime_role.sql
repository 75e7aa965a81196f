-- The role the process works as: it owns nothing, may not truncate, and may change only what is not write-once.
do $$ begin
  if not exists (select from pg_roles where rolname = 'aos_runtime') then
    create role aos_runtime nologin nosuperuser nobypassrls nocreatedb nocreaterole;
  end if;
exception when duplicate_object or unique_violation then null;
end $$;
do $$ begin
  if not pg_has_role(current_user, 'aos_runtime', 'set') then
    execute format('grant aos_runtime to %I', current_user);
  end if;
exception when invalid_parameter_value then
  -- PostgreSQL 15 has no 'set' privilege: membership is enough there.
  if not pg_has_role(current_user, 'aos_runtime', 'member') then
    execute format('grant aos_runtime to %I', current_user);
  end if;
end $$;

grant usage on schema aos to aos_runtime;
grant select, insert on all tables in schema aos to aos_runtime;
revoke insert on partitioned_tables from aos_runtime;
grant update on tenants, projects, agents, actors, api_keys, sessions, providers, idempotency_keys, instances,
  policies, balances, holds, runs, traces, violations, incidents to aos_runtime;
grant delete on holds, idempotency_keys, instances, balances to aos_runtime;
grant execute on all functions in schema aos to aos_runtime;
grant execute on procedure ensure_partitions(timestamptz, int) to aos_runtime;
