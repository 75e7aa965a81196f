-- Where a key was last used from, and with which program: whoever finds a use nobody can explain sees whose it was.
alter table api_keys
  add column last_used_ip text,
  add column last_used_client text;
