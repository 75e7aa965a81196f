import type { Sql } from './installation.ts';

/**
 * Every promise about settled books that the stored rows break, in words; empty when they are right. All sums are made
 * anew: balances from the records' lines, the lines from the records' own figures, runs from their steps and records.
 * For an installation at rest: no call is under way. Runs that workers carried out have steps that are no calls, and ask
 * the same again when a worker died over it: of them only the books are recounted.
 */
export async function recount(sql: Sql, of: 'calls' | 'runs' = 'calls'): Promise<string[]> {
  const due = of === 'calls' ? [...checks, ...checks_of_calls] : checks;
  const found = await Promise.all(due.map(({ query, says }) => broken(sql, query, says)));
  return found.flat();
}

interface Check {
  /** Rows that should not be there. */
  query: string;
  says: string;
}

const checks: readonly Check[] = [
  { says: 'a hold is open', query: 'select id, state, admitted_at from holds' },
  {
    says: 'something is pending on a balance beside the places of runs, or less than nothing is posted',
    query: `select control_id, subject, posted, pending from balances b where posted < 0 or pending <> (
        select count(*) from run_places p where p.control_id = b.control_id and p.subject = b.subject and b.window_start = 'epoch')`,
  },
  {
    says: 'a run that is not running has a place among those in flight',
    query: `select p.run_id, p.control_id from run_places p left join runs r on r.id = p.run_id
        where p.is_over or r.status is distinct from 'running'`,
  },
  {
    says: 'a balance is not the sum of what the records posted',
    query: `with lines as (
        select h->>'control_id' as control_id, h->>'subject' as subject, sum((h->>'posted')::numeric) as posted
          from llm_run_records r, json_array_elements(r.holds) h group by 1, 2
      ), kept as (select control_id, subject, sum(posted) as posted from balances where window_start > '-infinity' group by 1, 2)
      select * from (select control_id, subject, coalesce(k.posted, 0) as balance, coalesce(l.posted, 0) as records
        from kept k full join lines l using (control_id, subject)) both_sides where balance <> records`,
  },
  {
    says: 'what a record posted to a limit is not its own cost, tokens or count',
    query: `select r.id, r.execution_status, r.usage_source, h->>'type' as type, h->>'held' as held, h->>'posted' as posted, r.cost_usd, r.input_tokens, r.output_tokens
        from llm_run_records r, json_array_elements(r.holds) h
        where (h->>'posted')::numeric is distinct from case h->>'type'
          when 'cost_usd' then r.cost_usd * 1e9
          when 'tokens_input' then coalesce(r.input_tokens, 0)
          when 'tokens_output' then coalesce(r.output_tokens, 0)
          when 'tokens_total' then coalesce(r.input_tokens, 0) + coalesce(r.output_tokens, 0)
          when 'requests' then 1 when 'concurrency' then 0 end`,
  },
  {
    says: 'a record posted more than was held for it',
    query: `select r.id, r.execution_status, r.usage_source, h->>'type' as type, h->>'held' as held, h->>'posted' as posted
        from llm_run_records r, json_array_elements(r.holds) h where (h->>'posted')::numeric > (h->>'held')::numeric`,
  },
  {
    says: 'a call that was lost with its process is not charged with all that was held',
    query: `select r.id, h->>'type' as type, h->>'held' as held, h->>'posted' as posted
        from llm_run_records r, json_array_elements(r.holds) h
        where r.error_code = 'process_died' and h->>'type' <> 'concurrency'
          and ((h->>'posted')::numeric <> (h->>'held')::numeric or r.usage_source <> 'estimated')`,
  },
  {
    says: 'a record lacks its run, its step or its snapshot, or names another trace than its run',
    query: `select r.id from llm_run_records r
        left join runs on runs.id = r.run_id
        left join steps on steps.id = r.step_id and steps.run_id = r.run_id and steps.trace_id = r.trace_id
        left join snapshots s on s.id = r.policy_snapshot_id
        where runs.id is null or r.trace_id <> 'trc' || substr(runs.id, 4) or steps.id is null or s.id is null`,
  },
  {
    says: 'a refusal lacks its violation or its ledger entry',
    query: `select d.id from decisions d where d.verdict = 'block' and (
        not exists (select from violations v where v.decision_id = d.id)
        or not exists (select from audit_ledger l where l.object_id = d.id and l.event = 'LIMIT_BREACHED'))`,
  },
];

const checks_of_calls: readonly Check[] = [
  {
    says: 'a call has more than one record',
    query: 'select prompt_hash, count(*) from llm_run_records group by 1 having count(*) > 1',
  },
  {
    says: 'a step has neither a record nor a refusal, or both',
    query: `select s.id, s.status from steps s left join llm_run_records r on r.step_id = s.id
        left join decisions d on d.step_id = s.id and d.verdict = 'block' and s.status = 'blocked'
        where (r.id is null) = (d.id is null)`,
  },
  {
    says: 'a run is not the sum of its steps and records',
    query: `with of_steps as (
        select run_id, count(*) as steps, count(*) filter (where status = 'blocked') as refused from steps group by 1
      ), of_records as (
        select run_id, sum(input_tokens) as input, sum(output_tokens) as output, sum(cost_usd) as cost from llm_run_records group by 1
      )
      select r.id, r.calls, s.steps, r.refused_calls, s.refused, r.input_tokens, l.input, r.output_tokens, l.output, r.estimated_cost_usd, l.cost
        from runs r left join of_steps s on s.run_id = r.id left join of_records l on l.run_id = r.id
        where r.calls <> coalesce(s.steps, 0) or r.refused_calls <> coalesce(s.refused, 0) or r.input_tokens <> coalesce(l.input, 0)
          or r.output_tokens <> coalesce(l.output, 0) or r.estimated_cost_usd <> coalesce(l.cost, 0)`,
  },
];

async function broken(sql: Sql, query: string, says: string): Promise<string[]> {
  const rows = await sql(query);
  const [first] = rows;
  return first ? [`${says}: ${rows.length} rows, the first ${JSON.stringify(first)}`] : [];
}

/** Runs that were opened and have no step: calls that never were. */
export async function emptyRuns(sql: Sql): Promise<string[]> {
  const rows = await sql('select id from runs where not exists (select from steps where steps.run_id = runs.id)');
  return rows.map((row) => String(row.id));
}
