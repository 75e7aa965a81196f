-- What ends the quiet about a signal or an incident before its time; null: its time alone does.
alter table signals
  add column escalates jsonb,
  -- How often it had been found when a person acknowledged or suppressed it.
  add column acted_times_seen integer;
alter table incidents add column escalates jsonb;

-- Incidents alike in policy and agent. A further occurrence changes neither column.
create index incidents_alike on incidents (tenant_id, violation_policy_id, agent_id);
