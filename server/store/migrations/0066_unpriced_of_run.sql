-- What of a run has no price: lists of runs say it, and no list of runs below an amount holds it.
create index llm_run_records_unpriced_of_run on llm_run_records (tenant_id, run_id, id) where cost_usd is null;
