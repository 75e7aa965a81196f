-- The ledger of an agent that is in little or none of it was found by looking through all of it. An entry that names an
-- agent pays for one more entry of an index: 42 → 54 µs in batches of 200. Most are written by the worker when a run ends;
-- a call that is allowed writes none.
create index audit_ledger_of_agent on audit_ledger (agent_id, tenant_id, id) where agent_id is not null;
