-- What is resolved is deleted after its time; its entries in the ledger stay.
grant delete on signals to aos_runtime;
create index signals_by_resolution on signals (tenant_id, resolved_at) where resolved_at is not null;

-- How grave it was when a person acknowledged or suppressed it: it is worse by this, and not by what was last seen.
alter table signals add column acted_severity text check (acted_severity in ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL'));
