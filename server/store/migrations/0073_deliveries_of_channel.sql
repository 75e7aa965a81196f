-- What a channel was told last, and how often it failed lately.
create index deliveries_of_channel on deliveries (tenant_id, channel_id, id);
