-- Balances of windows long past are deleted (worker/forget-balances.ts). What is posted to one all the same begins it
-- anew instead of vanishing; what was held of it cannot, for a balance that holds something is never deleted: the check
-- of `pending` refuses it. All else is as migrations/0007_books.sql says.
create or replace function post_balances(k_control text[], k_subject text[], k_start timestamptz[], held bigint[], actual bigint[]) returns void
language plpgsql as $$
declare
  me constant text := current_tenant();
begin
  for n in 1..cardinality(k_control) loop
    update balances b set posted = b.posted + actual[n], pending = b.pending - held[n]
      where b.tenant_id = me and b.control_id = k_control[n] and b.subject = k_subject[n] and b.window_start = k_start[n];
    if not found then
      insert into balances as b (tenant_id, control_id, subject, window_start, posted, pending)
        values (me, k_control[n], k_subject[n], k_start[n], actual[n], -held[n])
        on conflict (tenant_id, control_id, subject, window_start) do update
          set posted = b.posted + actual[n], pending = b.pending - held[n];
    end if;
  end loop;
end $$;
