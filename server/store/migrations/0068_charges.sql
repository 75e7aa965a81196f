-- What the cost of a call is the sum of, each part with its price; null in records that were written before.
alter table llm_run_records
  add column cache_write_1h_tokens bigint,
  add column audio_input_tokens bigint,
  add column audio_output_tokens bigint,
  add column web_searches bigint,
  add column charges jsonb;
