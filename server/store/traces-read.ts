import type { Row, Tx } from '../base/database.ts';
import { Filter, type Listing } from './list.ts';
import { firstIdOf } from './runs-read.ts';

/** The trace of a run, with what its steps add up to so far and its first violation. Undefined: there is no such run. */
export async function findTrace(tx: Tx, tenant_id: string, run_id: string): Promise<Row | undefined> {
  const rows = await tx.query(
    `select r.tenant_id, 'trc' || substr(r.id, 4) as id, r.id as run_id, coalesce(t.started_at, r.created_at) as started_at,
        t.completed_at, t.incident_id,
        coalesce(t.summary, to_jsonb(so_far)) || jsonb_build_object('violation', to_jsonb(first)) as summary
      from runs r left join traces t on t.tenant_id = r.tenant_id and t.id = 'trc' || substr(r.id, 4)
      cross join lateral (
        select count(*) as steps_total, count(*) filter (where s.status = 'succeeded') as steps_succeeded,
            count(*) filter (where s.status <> 'succeeded') as steps_failed,
            coalesce(sum(s.cost_usd), 0)::text as cost_usd, coalesce(sum(s.duration_ms), 0) as duration_ms
          from steps s where t.summary is null and s.tenant_id = r.tenant_id and s.run_id = r.id and s.id >= $3
      ) so_far
      left join lateral (
        select v.id, v.step_id, v.policy_id, v.category as reason, ${instantJson('v.occurred_at')} as occurred_at
          from violations v
          where v.tenant_id = r.tenant_id and v.run_id = r.id and v.mode = 'enforce' and v.id >= $4
          order by v.id limit 1
      ) first on true
      where r.tenant_id = $1 and r.id = $2`,
    [tenant_id, run_id, firstIdOf(run_id, 'step'), firstIdOf(run_id, 'violation')],
  );
  return rows[0];
}

/** An instant inside JSON, in the form it has everywhere else. */
const instantJson = (column: string): string => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** What the first policy in shadow that fired would have done: contributions stand in order, the strictest first. */
const shadow_verdict = `jsonb_path_query_first(d.contributions, '$[*] ? (@.fired == true && @.mode == "shadow").verdict') #>> '{}'`;

/** The steps of a run in order, each with the record of its call, if there is one, and with what was decided about it. */
export function stepsListing(of: { tenant_id: string; run_id: string }): Listing {
  const filter = new Filter()
    .where('s.tenant_id = ?', of.tenant_id)
    .where('s.run_id = ?', of.run_id)
    .where('s.id >= ?', firstIdOf(of.run_id, 'step'));
  const around = (rows: string) => `
    select s.*, record.id as record_id, record.provider, record.model, record.input_tokens, record.output_tokens,
        case when s.decision_id is not null then coalesce(d.verdict, 'continue') end as verdict, ${shadow_verdict} as shadow_verdict,
        (select r.mode from runs r where r.tenant_id = s.tenant_id and r.id = s.run_id) as source
      from (${rows}) s
      left join llm_run_records record on record.tenant_id = s.tenant_id and record.id = 'rec' || substr(s.id, 4)
      left join decisions d on d.tenant_id = s.tenant_id and d.id = s.decision_id
      order by s.id`;
  return { table: 'steps s', id: 's.id', order: 'oldest', filter, around };
}
