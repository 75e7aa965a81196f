-- A partition that is made of its parent locks the parent against everybody until the transaction ends: calls waited
-- for whoever was reading a long list, and two that read several tables could stand in each other's way. One that is
-- made beside it and attached only keeps out other changes of the table's form.
create or replace procedure ensure_partitions(from_at timestamptz, months int) language plpgsql security definer set search_path = aos, pg_temp as $$
declare
  item record;
  starts timestamptz;
  part text;
begin
  for item in select * from partitioned_tables order by table_name loop
    for n in 0..months - 1 loop
      starts := date_trunc('month', from_at at time zone 'UTC') at time zone 'UTC' + make_interval(months => n);
      part := format('%s_%s', item.table_name, to_char(starts at time zone 'UTC', 'YYYY_MM'));
      continue when to_regclass(part) is not null;
      execute format('create table %I (like %I including all excluding indexes excluding comments) with (fillfactor = %s)',
        part, item.table_name, item.fillfactor);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', item.table_name, part,
        item.id_prefix || '_' || first_suffix_at(starts),
        item.id_prefix || '_' || first_suffix_at(starts + interval '1 month'));
      execute format('alter table %I enable row level security', part);
      execute format('alter table %I force row level security', part);
      execute format('create policy own_tenant on %I using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', part);
      if exists (select from pg_trigger where tgrelid = item.table_name::regclass and tgname = 'never_truncate') then
        execute format('create trigger never_truncate before truncate on %I for each statement execute function refuse_change()', part);
      end if;
    end loop;
  end loop;
end $$;
