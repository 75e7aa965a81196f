-- Runs that were asked for in another run end with it when it is killed.
create index runs_of_parent on runs (tenant_id, parent_run_id) where parent_run_id is not null;

-- A run that a limit holds: nobody paused it, and it goes on by itself when the limit has room, or a person says so.
alter table run_pauses add column control_id text collate "C";
alter table run_pauses add column policy_id text collate "C";
