-- Decisions by which a policy ends a run: a job ends those that are open all the same. They are few, and so is what later
-- calls of an ended run meet kept out, for no policy decides about them.
create index decisions_that_end_runs on decisions (tenant_id, id)
  where (verdict = 'kill' or code = 'run_terminated') and policy_id <> 'SYSTEM_DEFAULT';
