-- What agents that are not proxied report of themselves, as OpenTelemetry spans: observed, never decided.

alter table runs drop constraint runs_mode_check;
alter table runs add constraint runs_mode_check check (mode in ('gateway', 'managed', 'external', 'reported'));

-- Nothing was decided about a reported step, so it names no decision; about every other one something was.
alter table steps alter column decision_id drop not null;
alter table llm_run_records alter column decision_id drop not null;
alter table llm_run_records alter column policy_snapshot_id drop not null;
alter table llm_run_records alter column verdict drop not null;
alter table llm_run_records alter column prompt_hash drop not null;
alter table llm_run_records add constraint decided_unless_reported check (source = 'reported'
  or (decision_id is not null and policy_snapshot_id is not null and verdict is not null and prompt_hash is not null));

-- Children are reported before their parents, whose steps come later: null becomes a value, once.
drop trigger write_once on steps;
drop trigger never_truncate on steps;
call make_write_once('steps', array['parent_step_id']);

-- The run of a trace, in each project.
create table reported_traces (
  tenant_id text collate "C" not null,
  project_id text collate "C" not null,
  otel_trace_id text collate "C" not null,
  run_id text collate "C" not null,
  primary key (tenant_id, project_id, otel_trace_id)
);

-- The spans that were taken, so that one that comes again changes nothing, and children find their parents.
create table reported_spans (
  tenant_id text collate "C" not null,
  project_id text collate "C" not null,
  otel_trace_id text collate "C" not null,
  span_id text collate "C" not null,
  -- The next span above that is about a model, tool or agent, as far as it was known when this one came.
  parent_span_id text collate "C",
  step_id text collate "C" not null,
  primary key (tenant_id, project_id, otel_trace_id, span_id)
);
create index reported_spans_by_age on reported_spans (tenant_id, step_id);
create index reported_traces_by_age on reported_traces (tenant_id, run_id);

call isolate('reported_traces');
call isolate('reported_spans');
grant update (parent_step_id) on steps to aos_runtime;
grant select, insert, update, delete on reported_traces, reported_spans to aos_runtime;
