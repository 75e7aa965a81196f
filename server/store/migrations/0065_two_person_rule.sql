-- Whether whoever wrote a policy may put it in force where it reaches this project, and who has asked to end that.
alter table projects add column two_person_rule boolean not null default false;
alter table projects add column two_person_rule_end jsonb;
