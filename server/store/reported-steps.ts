import type { Contribution } from '@aos/core/policies/decide.ts';
import type { Tx } from '../base/database.ts';

/** A step that was reported before, with what was decided about it. */
export interface ReportedBefore {
  id: string;
  decision_id: string;
  verdict: string;
  code: string | null;
  /** What decided it; null: nothing fired. */
  deciding: Contribution | null;
  policy_id: string | null;
}

/** Reports of one run wait for each other until the transaction ends, whichever process they came to. */
export async function lockReports(tx: Tx, run_id: string): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('reports:' || $1::text, 0))", [run_id]);
}

/** Of these steps of a run those that are there. */
export async function reportedBefore(
  tx: Tx,
  run_id: string,
  ids: readonly string[],
): Promise<Map<string, ReportedBefore>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.query<ReportedBefore>(
    `select s.id, s.decision_id, coalesce(d.verdict, 'continue') as verdict, d.code, d.policy_id,
        jsonb_path_query_first(d.contributions, '$[*] ? (@.fired == true && @.mode == "enforce" && @.verdict == $v)',
          jsonb_build_object('v', d.verdict)) as deciding
      from steps s left join decisions d on d.tenant_id = s.tenant_id and d.id = s.decision_id
      where s.tenant_id = current_tenant() and s.run_id = $1 and s.id = any ($2)`,
    [run_id, ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}
