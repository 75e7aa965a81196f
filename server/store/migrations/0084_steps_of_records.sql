-- A call of a model that was made is one row: its record says all that its step says, so `steps` reads the step from it.
-- `step_rows` holds the others: steps that asked no model, were refused, or were only reported.

-- What the record lacked. With `max_output_tokens`, which every call that goes through the gateway has, it stands for
-- its step; older and reported records have a row of their own in `step_rows`.
alter table llm_run_records
  add column max_output_tokens bigint,
  add column error_message text,
  add column step_name text,
  add column parent_step_id text collate "C",
  add column traceparent text;

alter table steps rename to step_rows;
update partitioned_tables set table_name = 'step_rows' where table_name = 'steps';
do $$
declare
  part text;
begin
  for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'step_rows'::regclass loop
    execute format('alter table %I rename to %I', part, replace(part, 'steps_', 'step_rows_'));
  end loop;
end $$;

-- Read with the rights of who asks, so that row-level security holds as in the tables. `xmin` says which transaction
-- wrote the row, as of a table.
create view steps with (security_invoker = true) as
  select tenant_id, id, trace_id, run_id, kind, skill, params, status, decision_id, cost_usd, error, started_at, ended_at,
      duration_ms, is_synthetic, parent_step_id, xmin
    from step_rows
  union all
  select tenant_id, step_id, trace_id, run_id, 'llm', 'llm',
      jsonb_strip_nulls(jsonb_build_object('model', model, 'provider', provider, 'wire', wire, 'streamed', streamed,
        'max_output_tokens', max_output_tokens, 'step', step_name, 'traceparent', traceparent)),
      execution_status, decision_id, cost_usd,
      case when error_code is not null then jsonb_build_object('code', error_code, 'message', error_message) end,
      admitted_at, settled_at, greatest(0, round(extract(epoch from settled_at - admitted_at) * 1000))::integer,
      is_synthetic, parent_step_id, xmin
    from llm_run_records where max_output_tokens is not null;
revoke all on steps from aos_runtime;
grant select on steps to aos_runtime;
