-- The frame: who is in the current transaction, what may never be changed, how time-ordered tables are partitioned.

-- The tenant of the transaction. Unset or empty means no tenant: every policy below then matches no row.
create function current_tenant() returns text language sql stable parallel safe
  as $$ select nullif(current_setting('app.tenant_id', true), '') $$;

-- Two integers name the advisory lock of a tenant's gate: admissions share it, changes of control take it alone.
create function gate_key(tenant text) returns bigint language sql immutable parallel safe
  as $$ select hashtextextended('gate:' || tenant, 0) $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'table % is write-once: % is refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;

-- A completion may only turn nulls into values, in the columns named as trigger arguments.
create function only_complete() returns trigger language plpgsql as $$
declare
  before jsonb := to_jsonb(old);
  after jsonb := to_jsonb(new);
  changed text;
begin
  for changed in select key from jsonb_each(after) where value is distinct from before -> key loop
    if not (changed = any (tg_argv)) or before -> changed <> 'null'::jsonb then
      raise exception 'table % is write-once: column % may not change', tg_table_name, changed
        using errcode = 'restrict_violation';
    end if;
  end loop;
  return new;
end $$;

-- Makes a table write-once; the columns named may go from null to a value, once.
create procedure make_write_once(target text, completions text[] default '{}') language plpgsql as $$
begin
  if cardinality(completions) = 0 then
    execute format('create trigger write_once before update or delete on %I for each row execute function refuse_change()', target);
  else
    execute format('create trigger write_once before delete on %I for each row execute function refuse_change()', target);
    execute format('create trigger complete_once before update on %I for each row execute function only_complete(%s)',
      target, (select string_agg(quote_literal(name), ', ') from unnest(completions) name));
  end if;
  execute format('create trigger never_truncate before truncate on %I for each statement execute function refuse_change()', target);
end $$;

-- Rows are seen and written only inside their own tenant, by the table's owner too.
create procedure isolate(target text) language plpgsql as $$
begin
  execute format('alter table %I enable row level security', target);
  execute format('alter table %I force row level security', target);
  execute format('create policy own_tenant on %I using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())', target);
end $$;

-- The smallest id suffix of an instant: 48 bits of milliseconds, then zeros, in 26 letters of Crockford base32.
create function first_suffix_at(at timestamptz) returns text language plpgsql immutable as $$
declare
  value numeric := floor(extract(epoch from at) * 1000) * 1208925819614629174706176::numeric;
  suffix text := '';
begin
  for i in 1..26 loop
    suffix := substr('0123456789abcdefghjkmnpqrstvwxyz', (mod(value, 32))::int + 1, 1) || suffix;
    value := div(value, 32);
  end loop;
  return suffix;
end $$;

-- One row per table partitioned by the range of its id.
create table partitioned_tables (
  table_name text primary key,
  id_prefix text not null
);

-- Makes the monthly partitions of every partitioned table from the month of "from_at" on. A partition carries the
-- triggers of its parent for rows by inheritance, and its own for TRUNCATE, which is not inherited.
create procedure ensure_partitions(from_at timestamptz, months int) language plpgsql security definer set search_path = aos, pg_temp as $$
declare
  item record;
  starts timestamptz;
  part text;
begin
  for item in select * from partitioned_tables loop
    for n in 0..months - 1 loop
      starts := date_trunc('month', from_at at time zone 'UTC') at time zone 'UTC' + make_interval(months => n);
      part := format('%s_%s', item.table_name, to_char(starts at time zone 'UTC', 'YYYY_MM'));
      continue when to_regclass(part) is not null;
      execute format('create table %I partition of %I for values from (%L) to (%L)', part, item.table_name,
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
