-- What a record holds of its lines and charges is written with every call and read one record at a time. Taken apart and
-- compressed it was two thirds of what the record cost the database: 133 µs a row with all its indexes, 43 as the text it
-- came as, kept whole in its page (64 rows a statement, PostgreSQL 17).
alter table llm_run_records alter column holds type json using holds::json, alter column charges type json using charges::json;

-- Rows of a table are kept whole, neither compressed nor moved out of their page, up to so many bytes.
alter table partitioned_tables add column whole_up_to int not null default 2040;
update partitioned_tables set whole_up_to = 8160 where table_name = 'llm_run_records';

do $$
declare
  part regclass;
begin
  for part in select inhrelid::regclass from pg_inherits where inhparent = 'llm_run_records'::regclass loop
    execute format('alter table %s set (toast_tuple_target = 8160)', part);
  end loop;
end $$;

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
      execute format('create table %I (like %I including all excluding indexes excluding comments) with (fillfactor = %s, toast_tuple_target = %s)',
        part, item.table_name, item.fillfactor, item.whole_up_to);
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
