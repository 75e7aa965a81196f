-- What went wrong with one agent, for lists: where it had little or nothing, all trouble of the tenant was looked through
-- (28,000 rows, 0.5 to 1.8 s among three million). What went well is not in these indexes, so calls that go well do not
-- pay for them; what did not pays for one more entry.
create index runs_unsuccessful_of_agent on runs (tenant_id, agent_id, status, id) include (is_synthetic)
  where agent_id is not null and status in ('failed', 'failed_policy', 'cancelled');
create index llm_run_records_unsuccessful_of_agent on llm_run_records (tenant_id, agent_id, execution_status, id) include (is_synthetic)
  where agent_id is not null and execution_status <> 'succeeded';
