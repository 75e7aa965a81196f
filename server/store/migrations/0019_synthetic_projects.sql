-- A project of a demo or a scenario: everything that happens in it is marked synthetic. The mark is made with the project
-- and stays, so that nothing real can be declared synthetic later, and nothing synthetic real.

alter table projects add column synthetic_scenario_id text;
-- Nothing more happens in a retired project, and its data show nowhere by default. Nothing of it is deleted.
alter table projects add column retired_at timestamptz;

create function keep_scenario() returns trigger language plpgsql as $$
begin
  if new.synthetic_scenario_id is distinct from old.synthetic_scenario_id then
    raise exception 'projects.synthetic_scenario_id may not change: it is set when a project is made'
      using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger keep_scenario before update on projects for each row execute function keep_scenario();
