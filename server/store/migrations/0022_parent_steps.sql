-- The step in which a call was made, as its caller says: how the steps of an agent hang together.
alter table steps add column parent_step_id text collate "C";

-- Waits for the admissions of the tenant that are in flight and keeps later ones waiting to the end of the transaction.
-- The control epoch stays: nothing that admissions were prepared with has changed.
create function hold_gate() returns void language sql as $$ select pg_advisory_xact_lock(gate_key(current_tenant())) $$;
grant execute on function hold_gate() to aos_runtime;
