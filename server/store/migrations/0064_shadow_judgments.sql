-- What people said of what a policy in shadow would have stopped: that it had been right, or wrong. The latest word
-- counts; all of them are in the ledger.
create table shadow_judgments (
  tenant_id text collate "C" not null,
  policy_id text collate "C" not null,
  decision_id text collate "C" not null,
  verdict text not null check (verdict in ('right', 'wrong')),
  judged_at timestamptz not null,
  judged_by text collate "C" not null,
  primary key (tenant_id, policy_id, decision_id),
  foreign key (tenant_id, policy_id) references policies (tenant_id, id)
);

call isolate('shadow_judgments');
grant select, insert, update on shadow_judgments to aos_runtime;
