-- The calls of one batch may have come in two seconds, and then count on two buckets of one rolling window. What those of
-- the one hold was not seen by those of the other: together they passed the cap by up to what the first had asked.

-- Admits a batch of calls of the current tenant, one after the other, as if each came alone.
--
-- k_*: the balances the batch touches, distinct and sorted by (control, subject, start). A rolling window has two:
--      its lock at start -infinity, and its present bucket with k_since, the instant after which buckets count.
-- c_*: the calls. c_take false: look only. c_bound is the wanted output bound, c_floor the least useful one
--      (equal when the caller named the bound itself).
-- l_*: the lines of call l_call over balance l_key (both from 1). The amount for output bound o is
--      ceil((l_base + o * l_rate) / l_scale); l_cap null means counted, not enforced. l_counts_runs: the line asks for a
--      place of the run, which it takes unless the run has it; a run that has it is not refused by that line, whatever
--      has become of its cap. The hold of the call has nothing of it.
--
-- Answers one row per call: outcome admitted | refused | peeked | stale | run_closed, the output bound granted,
-- and posted and pending of its lines as they stood before it, where runs are counted without its own run, and whether
-- that had its place.
create or replace function admit(
  p_epoch bigint, p_instance text, p_at timestamptz,
  k_control text[], k_subject text[], k_start timestamptz[], k_since timestamptz[],
  c_id text[], c_run text[], c_run_must_exist boolean[], c_take boolean[], c_bound bigint[], c_floor bigint[], c_call jsonb,
  l_call int[], l_key int[], l_cap bigint[], l_base bigint[], l_rate bigint[], l_scale int[], l_counts_runs boolean[]
) returns table (call_no int, outcome text, output_bound bigint, posted bigint[], pending bigint[], has_place boolean[])
language plpgsql as $$
declare
  me constant text := current_tenant();
  used bigint[] := array_fill(0::bigint, array[cardinality(k_control)]);
  held bigint[] := array_fill(0::bigint, array[cardinality(k_control)]);
  more bigint[] := array_fill(0::bigint, array[cardinality(k_control)]);
  closed text[];
  taken int[] := '{}';
  bounds bigint[] := '{}';
  granted bigint[] := '{}';
  places text[] := '{}';
  new_runs text[] := '{}';
  new_keys int[] := '{}';
  has boolean;
  item record;
  room numeric;
  o bigint;
  l int := 1;
  first int;
  lines int := cardinality(l_call);
  rolls constant boolean := exists (select from unnest(k_since) s where s is not null);
begin
  perform pg_advisory_xact_lock_shared(gate_key(me));
  if not exists (select from tenants t where t.id = me and t.control_epoch = p_epoch) then
    return query select n, 'stale', null::bigint, null::bigint[], null::bigint[], null::boolean[] from generate_series(1, cardinality(c_id)) n;
    return;
  end if;
  if true = any (c_run_must_exist) then
    select coalesce(array_agg(r.id), '{}') into closed from runs r
      where r.tenant_id = me and r.id = any (c_run) and r.status <> 'running';
  end if;
  for n in 1..cardinality(k_control) loop
    select b.posted, b.pending into item from balances b
      where b.tenant_id = me and b.control_id = k_control[n] and b.subject = k_subject[n] and b.window_start = k_start[n] for update;
    if not found then
      insert into balances (tenant_id, control_id, subject, window_start) values (me, k_control[n], k_subject[n], k_start[n])
        on conflict do nothing;
      select b.posted, b.pending into item from balances b
        where b.tenant_id = me and b.control_id = k_control[n] and b.subject = k_subject[n] and b.window_start = k_start[n] for update;
    end if;
    used[n] := item.posted;
    held[n] := item.pending;
    if k_since[n] is not null then
      select coalesce(sum(b.posted), 0) as posted, coalesce(sum(b.pending), 0) as pending into item from balances b
        where b.tenant_id = me and b.control_id = k_control[n] and b.subject = k_subject[n]
          and b.window_start > k_since[n] and b.window_start <> k_start[n];
      used[n] := used[n] + item.posted;
      held[n] := held[n] + item.pending;
    end if;
  end loop;
  if true = any (l_counts_runs) then
    select coalesce(array_agg(k.n || ' ' || p.run_id), '{}') into places
      from unnest(k_control, k_subject) with ordinality k(control_id, subject, n)
      join run_places p on p.tenant_id = me and p.run_id = any (c_run) and p.control_id = k.control_id and p.subject = k.subject;
  end if;
  for c in 1..cardinality(c_id) loop
    first := l;
    o := c_bound[c];
    while l <= lines and l_call[l] = c loop
      has := l_counts_runs[l] and l_key[l] || ' ' || c_run[c] = any (places);
      if l_cap[l] is not null and not has then
        room := (l_cap[l] - used[l_key[l]] - held[l_key[l]])::numeric * l_scale[l] - l_base[l];
        if room < 0 then
          o := -1;
        elsif l_rate[l] > 0 then
          o := least(o, div(room, l_rate[l]))::bigint;
        end if;
      end if;
      l := l + 1;
    end loop;
    call_no := c;
    posted := '{}';
    pending := '{}';
    has_place := '{}';
    for n in first..l - 1 loop
      posted := posted || used[l_key[n]];
      has := l_counts_runs[n] and l_key[n] || ' ' || c_run[c] = any (places);
      pending := pending || held[l_key[n]] - has::int;
      has_place := has_place || has;
    end loop;
    output_bound := case when o >= c_floor[c] then o end;
    outcome := case
      when c_run_must_exist[c] and c_run[c] = any (closed) then 'run_closed'
      when output_bound is null then 'refused'
      when c_take[c] then 'admitted'
      else 'peeked' end;
    if outcome = 'admitted' then
      taken := taken || c;
      bounds := bounds || o;
      for n in first..l - 1 loop
        if l_counts_runs[n] then
          if not l_key[n] || ' ' || c_run[c] = any (places) then
            held[l_key[n]] := held[l_key[n]] + 1;
            more[l_key[n]] := more[l_key[n]] + 1;
            places := places || (l_key[n] || ' ' || c_run[c]);
            new_runs := new_runs || c_run[c];
            new_keys := new_keys || l_key[n];
          end if;
          granted := granted || 0::bigint;
          continue;
        end if;
        room := ceil((l_base[n] + o::numeric * l_rate[n]) / l_scale[n]);
        held[l_key[n]] := held[l_key[n]] + room::bigint;
        more[l_key[n]] := more[l_key[n]] + room::bigint;
        granted := granted || room::bigint;
        -- It counts in every window of the batch that reaches back to its bucket.
        continue when not rolls;
        for m in 1..cardinality(k_control) loop
          continue when m = l_key[n] or k_control[m] <> k_control[l_key[n]] or k_subject[m] <> k_subject[l_key[n]];
          if k_start[l_key[n]] > k_since[m] then
            held[m] := held[m] + room::bigint;
          end if;
        end loop;
      end loop;
    end if;
    return next;
  end loop;
  for n in 1..cardinality(k_control) loop
    continue when more[n] = 0;
    update balances b set pending = b.pending + more[n]
      where b.tenant_id = me and b.control_id = k_control[n] and b.subject = k_subject[n] and b.window_start = k_start[n];
  end loop;
  if cardinality(new_runs) > 0 then
    insert into run_places (tenant_id, run_id, control_id, subject)
      select me, t.run_id, k_control[t.k], k_subject[t.k] from unnest(new_runs, new_keys) t(run_id, k);
  end if;
  if cardinality(taken) > 0 then
    insert into holds (tenant_id, id, run_id, instance_id, control_ids, subjects, window_starts, amounts, call, admitted_at, dispatched_at)
      select me, c_id[t.c], c_run[t.c], p_instance,
        coalesce(h.controls, '{}'), coalesce(h.subjects, '{}'), coalesce(h.starts, '{}'), coalesce(h.amounts, '{}'),
        c_call -> (t.c - 1) || jsonb_build_object('output_bound', bounds[t.n]), p_at, clock_timestamp()
      from unnest(taken) with ordinality t(c, n)
      left join (
        select m.c, array_agg(k_control[m.k] order by m.n) as controls, array_agg(k_subject[m.k] order by m.n) as subjects,
            array_agg(k_start[m.k] order by m.n) as starts, array_agg(m.amount order by m.n) as amounts
          from (select x.c, x.k, x.n, granted[row_number() over (order by x.n)] as amount
                  from unnest(l_call, l_key) with ordinality x(c, k, n) where x.c = any (taken)) m
          group by m.c
      ) h on h.c = t.c;
  end if;
end $$;
