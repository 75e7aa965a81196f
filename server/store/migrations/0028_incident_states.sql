-- Who has an incident, until when an acknowledgement holds, and why it was closed. What is null has not happened.

alter table incidents
  add column owner text,
  add column acknowledged_at timestamptz,
  add column acknowledged_by text collate "C",
  add column acknowledged_until timestamptz,
  add column resolved_at timestamptz,
  add column resolved_by text collate "C",
  add column cause text check (cause in ('breach', 'expected', 'false_positive', 'wrong_limit')),
  add column resolution text;

-- What comes back by itself. Neither index holds a column that a further occurrence changes.
create index incidents_to_wake on incidents (tenant_id, acknowledged_until) where status = 'acknowledged';
create index incidents_resolved on incidents (tenant_id, resolved_at) where status = 'resolved';

-- What was told of the run of an incident.
create index alerts_of_run on alerts (tenant_id, run_id) where run_id is not null;
