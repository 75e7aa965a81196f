-- Which migrations were applied is written by the role that applies them: the process only reads it.
revoke insert on schema_migrations from aos_runtime;
