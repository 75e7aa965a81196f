-- A provider that is rarely used was found by looking at every record: 1–2 s among ten million.
create index llm_run_records_of_provider on llm_run_records (tenant_id, provider, id) include (run_id, is_synthetic);
