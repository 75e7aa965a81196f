import type { judgments } from '@aos/core/api/shadow.ts';
import { firstSuffixAt } from '@aos/core/base/id.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Row, Tx } from '../base/database.ts';
import { Filter, most_counted, type Page, type Slice, sliceOf } from './list.ts';

export type Verdict = (typeof judgments)[number];

/** Which would-stops of a policy are looked at. */
export interface HitsOf {
  policy_id: string;
  /** Null: whenever they were. */
  from_ms: number | null;
  /** The only project whose runs the caller may see. */
  bound_to: string | null;
  is_synthetic: boolean | null;
}

/** Since when a policy is in shadow and says of calls what it says now; undefined: it is not in shadow. */
export async function inShadowSince(tx: Tx, policy_id: string): Promise<string | undefined> {
  const [row] = await tx.query<{ since: string | null }>(
    `with now as (select document from policies where tenant_id = current_tenant() and id = $1
          and status = 'active' and mode = 'shadow'),
      versions as (select v.version, v.created_at, v.status = 'active' and v.mode = 'shadow'
            and v.document -> 'target' = now.document -> 'target'
            and v.document -> 'controls' = now.document -> 'controls' as is_same
          from policy_versions v, now where v.tenant_id = current_tenant() and v.policy_id = $1)
      select min(created_at) as since from versions
        where version > coalesce((select max(version) from versions where not is_same), 0)`,
    [policy_id],
  );
  return row?.since ?? undefined;
}

/** One row for each decision, however many controls of the policy fired in it; the strictest of them is told. */
function hits(of: HitsOf, filter = new Filter()): Filter {
  filter
    .always("v.tenant_id = current_tenant() and v.mode = 'shadow' and v.action in ('pause', 'block', 'kill')")
    .where('v.policy_id = ?', of.policy_id)
    .where('v.is_synthetic = ?', of.is_synthetic ?? undefined)
    .where(
      'exists (select from runs r where r.tenant_id = v.tenant_id and r.id = v.run_id and r.project_id = ?)',
      of.bound_to ?? undefined,
    );
  if (of.from_ms === null) return filter;
  return filter
    .where('v.id >= ?', `vio_${firstSuffixAt(of.from_ms)}`)
    .where('v.occurred_at >= ?', instantText(of.from_ms));
}

export interface HitCounts {
  would_stop: number;
  right: number;
  wrong: number;
}

export async function countHits(tx: Tx, of: HitsOf): Promise<HitCounts> {
  const { text, values } = hits(of);
  const [row] = await tx.query<HitCounts>(
    `select count(*)::int as would_stop, count(*) filter (where j.verdict = 'right')::int as right,
        count(*) filter (where j.verdict = 'wrong')::int as wrong
      from (select distinct v.tenant_id, v.policy_id, v.decision_id from violations v where ${text}) v
      left join shadow_judgments j using (tenant_id, policy_id, decision_id)`,
    values,
  );
  return row ?? { would_stop: 0, right: 0, wrong: 0 };
}

/** Each hit with its reason, its agent and its judgment. */
const shown = (found: string): string => `
  select v.decision_id as id, v.policy_id, v.decision_id, v.run_id, v.step_id, v.action, v.occurred_at,
      a.slug as agent_slug, j.verdict, j.judged_at, j.judged_by,
      (select c ->> 'reason' from decisions d, jsonb_array_elements(d.contributions) c
        where d.tenant_id = v.tenant_id and d.id = v.decision_id and c ->> 'policy_id' = v.policy_id
          and c ->> 'fired' = 'true' and c ->> 'action' = v.action limit 1) as reason
    from (${found}) v
    left join runs r on r.tenant_id = v.tenant_id and r.id = v.run_id
    left join agents a on a.tenant_id = r.tenant_id and a.id = r.agent_id
    left join shadow_judgments j on j.tenant_id = v.tenant_id and j.policy_id = v.policy_id and j.decision_id = v.decision_id
    order by v.decision_id desc`;

const strictest = `distinct on (v.decision_id) v.tenant_id, v.policy_id, v.decision_id, v.run_id, v.step_id, v.action, v.occurred_at`;
const in_order = `order by v.decision_id desc, array_position(array['kill', 'block', 'pause'], v.action)`;

export async function listHits(tx: Tx, of: HitsOf, page: Page): Promise<Slice> {
  const { text, values } = hits(of).where('v.decision_id < ?', page.cursor ?? undefined);
  const rows = await tx.query<Row>(
    shown(`select ${strictest} from violations v where ${text} ${in_order} limit ${page.limit + 1}`),
    values,
  );
  const { would_stop } = await countHits(tx, of);
  return sliceOf(rows, page.limit, Math.min(would_stop, most_counted + 1));
}

/** One of them, whenever it was. */
export async function findHit(tx: Tx, of: HitsOf, decision_id: string): Promise<Row | undefined> {
  const { text, values } = hits(of).where('v.decision_id = ?', decision_id);
  const [row] = await tx.query<Row>(shown(`select ${strictest} from violations v where ${text} ${in_order}`), values);
  return row;
}

/** The latest word counts. */
export async function putJudgment(
  tx: Tx,
  tenant_id: string,
  of: { policy_id: string; decision_id: string; verdict: Verdict; at: string; by: string },
): Promise<void> {
  await tx.query(
    `insert into shadow_judgments (tenant_id, policy_id, decision_id, verdict, judged_at, judged_by)
      values ($1, $2, $3, $4, $5, $6)
      on conflict (tenant_id, policy_id, decision_id)
        do update set verdict = excluded.verdict, judged_at = excluded.judged_at, judged_by = excluded.judged_by`,
    [tenant_id, of.policy_id, of.decision_id, of.verdict, of.at, of.by],
  );
}
