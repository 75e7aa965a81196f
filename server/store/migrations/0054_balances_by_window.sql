-- The balances of a limit in its present window are found without reading those of its past. Calls change neither of these
-- columns, so their updates stay within the page (HOT); a new balance is one entry more. All four columns of the key, so
-- that what finds one balance finds it by either index.
create index balances_by_window on balances (tenant_id, control_id, window_start, subject);

-- What counts towards it only: calls that are merely reported are not read through.
drop index llm_run_records_unpriced;
create index llm_run_records_unpriced on llm_run_records (tenant_id, id) where cost_usd is null and source <> 'reported';
