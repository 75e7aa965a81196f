-- Who is asked about an agent or a project: a name as people write it, of a person or a team, inside the product or not.
alter table agents add column owner text;
alter table projects add column owner text;
