-- A question about what is in flight is withdrawn when there is room again, or when the run that asked has ended.
alter table approvals drop constraint approvals_status_check,
  add constraint approvals_status_check check (status in ('pending', 'approved', 'denied', 'timed_out', 'withdrawn'));
