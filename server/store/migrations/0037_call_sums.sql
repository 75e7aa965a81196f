-- What calls add up to in each hour and day (UTC), so that figures over millions of calls need not read them. Written
-- once, when no call of the stretch can come any more; synthetic and reported calls are not part of it.
create table call_sums (
  tenant_id text collate "C" not null,
  width text not null check (width in ('hour', 'day')),
  start timestamptz not null,
  project_id text collate "C" not null,
  agent_id text collate "C",
  provider text not null,
  model text not null,
  calls bigint not null,
  failed bigint not null,
  unpriced_calls bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cost_usd numeric not null,
  -- How long they took, by class: class n ends at 1.1^n milliseconds.
  duration_classes smallint[] not null,
  duration_counts bigint[] not null
);
create index call_sums_by_start on call_sums (tenant_id, width, start);

-- Which stretch is summed up: from `since` on, hours and days up to these instants.
create table call_sums_until (
  tenant_id text collate "C" not null primary key,
  since timestamptz not null,
  hours_until timestamptz not null,
  days_until timestamptz not null
);

create function duration_class(duration_ms integer) returns smallint language sql immutable parallel safe
  as $$ select case when duration_ms <= 1 then 0 else ceil(ln(duration_ms::double precision) / ln(1.1::double precision)) end::smallint $$;

call isolate('call_sums');
call isolate('call_sums_until');
grant select, insert on call_sums to aos_runtime;
grant select, insert, update on call_sums_until to aos_runtime;
