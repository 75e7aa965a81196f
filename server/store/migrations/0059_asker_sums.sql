-- What the calls of each person and of each key add up to in each hour and day: call_sums once more, for who asked. A call
-- of a person by a key is in the sums of both, so whoever reads names one asker, or several of one kind.
create table asker_sums (
  asker_id text collate "C" not null,
  like call_sums
);
create index asker_sums_by_asker on asker_sums (tenant_id, asker_id, width, start);
create table asker_sums_until (like call_sums_until, primary key (tenant_id));

call isolate('asker_sums');
call isolate('asker_sums_until');
grant select, insert on asker_sums to aos_runtime;
grant select, insert, update on asker_sums_until to aos_runtime;
