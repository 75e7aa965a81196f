-- What was done to the limits of a policy, and what it refused, is about it too: such entries name it in what they tell.
create index audit_ledger_of_policy on audit_ledger (tenant_id, (after ->> 'policy_id'), id) where after ->> 'policy_id' is not null;
