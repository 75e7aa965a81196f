-- The model that callers get who ask for "default", at the one provider of the tenant that is used for them.
alter table providers add column default_model text collate "C";
create unique index providers_default on providers (tenant_id) where default_model is not null;
