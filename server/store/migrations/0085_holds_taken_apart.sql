-- The holds of a batch are taken apart side by side in the list of what is selected, and not in `from`, which would first
-- write each of their arrays to a store of its own. All else is as migrations/0055_admit_at_once.sql says.
create or replace function admit_batch(
  p_epoch bigint, p_instance text, p_at timestamptz,
  k_control text[], k_subject text[], k_start timestamptz[], k_since timestamptz[],
  k_actual bigint[], k_released bigint[], k_cap bigint[], k_most bigint[],
  c_id text[], c_run text[], c_run_must_exist boolean[], c_take boolean[], c_bound bigint[], c_floor bigint[], c_call text[],
  c_controls text[], c_subjects text[], c_starts text[], c_amounts text[],
  l_call int[], l_key int[], l_cap bigint[], l_base bigint[], l_rate bigint[], l_scale int[], l_counts_runs boolean[]
) returns table (call_no int, outcome text, output_bound bigint, posted bigint[], pending bigint[], has_place boolean[])
language plpgsql as $$
declare
  me constant text := current_tenant();
  fits boolean := k_most is not null;
  most bigint;
  others bigint;
  others_held bigint;
  item record;
begin
  perform pg_advisory_xact_lock_shared(gate_key(me));
  fits := fits and exists (select from tenants t where t.id = me and t.control_epoch = p_epoch);
  if fits and true = any (c_run_must_exist) then
    fits := not exists (select from runs r where r.tenant_id = me and r.id = any (c_run) and r.status <> 'running');
  end if;
  for n in 1..cardinality(k_control) loop
    most := case when fits then k_most[n] else 0 end;
    others := 0;
    others_held := 0;
    if fits and k_since[n] is not null then
      select coalesce(sum(b.posted), 0), coalesce(sum(b.pending), 0) into others, others_held from balances b
        where b.tenant_id = me and b.control_id = k_control[n] and b.subject = k_subject[n]
          and b.window_start > k_since[n] and b.window_start <> k_start[n];
    end if;
    -- Twice, where nobody has counted on this balance yet; a third time without the calls, where they do not fit.
    for round in 1..3 loop
      if most = 0 and k_actual[n] = 0 and k_released[n] = 0 then
        select b.posted, b.pending into item from balances b
          where b.tenant_id = me and b.control_id = k_control[n] and b.subject = k_subject[n] and b.window_start = k_start[n] for update;
      else
        update balances b set posted = b.posted + k_actual[n], pending = b.pending - k_released[n] + most
          where b.tenant_id = me and b.control_id = k_control[n] and b.subject = k_subject[n] and b.window_start = k_start[n]
            and (most = 0 or k_cap[n] is null
              or k_cap[n]::numeric - others - others_held - b.posted - k_actual[n] - b.pending + k_released[n] >= most)
          returning b.posted, b.pending - most as pending into item;
      end if;
      exit when found;
      if round = 1 then
        insert into balances (tenant_id, control_id, subject, window_start) values (me, k_control[n], k_subject[n], k_start[n])
          on conflict do nothing;
      else
        fits := false;
        most := 0;
        for earlier in 1..n - 1 loop
          continue when k_most[earlier] = 0;
          update balances b set pending = b.pending - k_most[earlier]
            where b.tenant_id = me and b.control_id = k_control[earlier] and b.subject = k_subject[earlier] and b.window_start = k_start[earlier];
        end loop;
      end if;
    end loop;
    posted[n] := item.posted + others;
    pending[n] := item.pending + others_held;
  end loop;
  if not fits then
    return query select * from admit(p_epoch, p_instance, p_at, k_control, k_subject, k_start, k_since,
      c_id, c_run, c_run_must_exist, c_take, c_bound, c_floor, ('[' || array_to_string(c_call, ',') || ']')::jsonb,
      l_call, l_key, l_cap, l_base, l_rate, l_scale, l_counts_runs);
    return;
  end if;
  insert into holds (tenant_id, id, run_id, instance_id, control_ids, subjects, window_starts, amounts, call, admitted_at, dispatched_at)
    select me, unnest(c_id), unnest(c_run), p_instance, unnest(c_controls)::text[], unnest(c_subjects)::text[],
        unnest(c_starts)::timestamptz[], unnest(c_amounts)::bigint[], unnest(c_call)::json, p_at, clock_timestamp();
  outcome := 'all';
  return next;
end $$;
