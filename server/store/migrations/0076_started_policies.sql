-- Which start of a policy the ledger tells of: the instant of its document, once that has come.
alter table policies add column started_at timestamptz;
