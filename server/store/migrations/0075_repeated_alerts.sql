-- How often a tier was told again, and when it is next while it stays reached. Null: never told again, and never will be.
alter table alerts add column repeats integer, add column repeat_at timestamptz;
create index alerts_repeating on alerts (tenant_id, repeat_at) where repeat_at is not null;
