-- Rows of a hot partition are found by their key whatever the statistics say. On a partition that was never analysed all
-- indexes that begin with (tenant_id, …) look alike to the planner, and a cached plan that took the wrong one reads all
-- runs of a tenant for each row. So indexes for lists begin with what they list by.

drop index runs_of_api_key, runs_of_project, runs_of_agent, runs_of_actor, runs_of_session;
create index runs_of_api_key on runs (api_key_id, tenant_id, id) include (is_synthetic);
create index runs_of_project on runs (project_id, tenant_id, id) include (is_synthetic);
create index runs_of_agent on runs (agent_id, tenant_id, id) include (is_synthetic) where agent_id is not null;
create index runs_of_actor on runs (actor_id, tenant_id, id) include (is_synthetic) where actor_id is not null;
create index runs_of_session on runs (session_id, tenant_id, id) include (is_synthetic) where session_id is not null;

-- Its statement is in store/runs.ts now.
drop function add_to_runs(json);

-- Ends open holds, all of them or none: whoever writes about calls must be the one who ended their holds. AOS01 says that
-- somebody else ended one of them, as the worker does for a process it takes for dead.
create function end_holds(p_ids text[]) returns void language plpgsql as $$
declare
  ended int;
begin
  delete from holds where tenant_id = current_tenant() and id = any (p_ids);
  get diagnostics ended = row_count;
  if ended <> cardinality(p_ids) then
    raise exception 'of % holds % were open', cardinality(p_ids), ended using errcode = 'AOS01';
  end if;
end $$;

-- Locks balances in the one order, each balance that a transaction both posts to and admits over, before either.
create function lock_balances(k_control text[], k_subject text[], k_start timestamptz[]) returns void language plpgsql as $$
begin
  for n in 1..cardinality(k_control) loop
    perform from balances b where b.tenant_id = current_tenant() and b.control_id = k_control[n] and b.subject = k_subject[n]
      and b.window_start = k_start[n] for update;
  end loop;
end $$;

-- Enters the tenant's gate for the rest of the transaction: whoever closes it waits, and is waited for.
create function enter_gate() returns void language sql as $$ select pg_advisory_xact_lock_shared(gate_key(current_tenant())) $$;

grant execute on function end_holds(text[]), lock_balances(text[], text[], timestamptz[]), enter_gate() to aos_runtime;
