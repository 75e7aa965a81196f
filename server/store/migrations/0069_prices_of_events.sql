-- What a model of the tenant's own price costs beside its tokens; null: nothing for a request, not known for a search.
alter table prices
  add column per_request_usd text,
  add column per_web_search_usd text;
