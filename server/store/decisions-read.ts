import type { TerminationReason } from '@aos/core/activity/run.ts';
import { sibling } from '@aos/core/base/id.ts';
import type { Contribution } from '@aos/core/policies/decide.ts';
import type { SnapshotDocument } from '@aos/core/policies/snapshot.ts';
import type { Row, Tx } from '../base/database.ts';
import { askerSlugs } from './asker-names.ts';
import { most_counted, type Page, type Slice, sliceOf } from './list.ts';
import { firstIdOf } from './runs-read.ts';

type BoundTo = string | null;

/** Decisions as they were stored, with the record of their call, if there was one, and their incidents. */
const stored = (where: string): string => `
  select d.*, false as derived, ${askerSlugs('d')}, 'trc' || substr(d.run_id, 4) as trace_id,
      (select x.id from llm_run_records x where x.tenant_id = d.tenant_id and x.id = 'rec' || substr(d.id, 4)) as record_id,
      array(select i.id from incidents i where i.tenant_id = d.tenant_id and i.source_run_id = d.run_id
          and (i.decision_id = d.id or exists (select from jsonb_array_elements(d.contributions) c
            where c ->> 'policy_id' = i.violation_policy_id and c ->> 'fired' = 'true' and c ->> 'mode' = 'enforce'))
        order by i.id) as incident_ids
    from (select * from decisions where ${where}) d order by d.id desc`;

/** Records of plain allows, with what their decisions are derived from. About what was only reported nothing was decided. */
const allowed = (where: string): string => `
  select x.*, true as derived, ${askerSlugs('x')},
      (select a.kind from actors a where a.tenant_id = x.tenant_id and a.id = x.actor_id) as actor_kind,
      (select k.lineage_id from api_keys k where k.tenant_id = x.tenant_id and k.id = x.api_key_id) as lineage_id,
      array(select i.id from incidents i where i.tenant_id = x.tenant_id and i.source_run_id = x.run_id
        and i.decision_id = x.decision_id order by i.id) as incident_ids
    from (select * from llm_run_records y where ${where} and source <> 'reported'
        and not exists (select from decisions d where d.tenant_id = y.tenant_id and d.id = 'dec' || substr(y.id, 4))) x
    order by x.id desc`;

/** A stored decision, or the record of the plain allow that it was; told apart by `derived`. */
export async function findDecision(tx: Tx, tenant_id: string, id: string, bound_to: BoundTo): Promise<Row | undefined> {
  const one = 'tenant_id = $1 and id = $2 and ($3::text is null or project_id = $3)';
  const [decisions, records] = await Promise.all([
    tx.query(stored(one), [tenant_id, id, bound_to]),
    tx.query(allowed(one), [tenant_id, sibling(id, 'record'), bound_to]),
  ]);
  return decisions[0] ?? records[0];
}

/** Every decision of a run, newest first: stored ones and plain allows, whose ids differ in the prefix only. */
export async function listDecisions(tx: Tx, of: { tenant_id: string; run_id: string }, page: Page): Promise<Slice> {
  const part = (before: string | null) =>
    `tenant_id = $1 and run_id = $2 and id >= $3 ${before === null ? '' : 'and id < $4'}`;
  const values = (kind: 'decision' | 'record') => [
    of.tenant_id,
    of.run_id,
    firstIdOf(of.run_id, kind),
    ...(page.cursor === null ? [] : [sibling(page.cursor, kind)]),
  ];
  const limited = (where: string) => `${where} order by id desc limit ${page.limit + 1}`;
  const [decisions, records, counted] = await Promise.all([
    tx.query(stored(limited(part(page.cursor))), values('decision')),
    tx.query(`${allowed(part(page.cursor))} limit ${page.limit + 1}`, values('record')),
    tx.query<{ n: number }>(
      `select count(*)::int as n from (
          select from decisions where tenant_id = $1 and run_id = $2 and id >= $3
          union all select from llm_run_records y where tenant_id = $1 and run_id = $2 and id >= $4
            and source <> 'reported' and not exists (select from decisions d where d.tenant_id = y.tenant_id and d.id = 'dec' || substr(y.id, 4))
          limit ${most_counted + 1}) counted`,
      [of.tenant_id, of.run_id, firstIdOf(of.run_id, 'decision'), firstIdOf(of.run_id, 'record')],
    ),
  ]);
  const suffix = (row: Row) => String(row.id).slice(4);
  const all = [...decisions, ...records].sort((a, b) => (suffix(a) > suffix(b) ? -1 : 1));
  const slice = sliceOf(all, page.limit, counted[0]?.n ?? 0);
  return { ...slice, next_cursor: slice.next_cursor && sibling(slice.next_cursor, 'decision') };
}

/** The active policies that decisions were made under, by the id of their snapshot. */
export async function snapshotsOf(
  tx: Tx,
  tenant_id: string,
  ids: readonly string[],
): Promise<Map<string, SnapshotDocument>> {
  const rows = await tx.query<{ id: string; document: SnapshotDocument }>(
    'select id, document from snapshots where tenant_id = $1 and id = any($2)',
    [tenant_id, [...new Set(ids)]],
  );
  return new Map(rows.map((row) => [row.id, row.document]));
}

/** What a run ends with that a decision ended; undefined where it names no cause. */
export async function terminationOf(tx: Tx, decision_id: string): Promise<TerminationReason | undefined> {
  const [row] = await tx.query<{ termination: TerminationReason | null }>(
    `select jsonb_path_query_first(contributions,
        '$[*] ? (@.fired == true && @.mode == "enforce" && @.verdict == $verdict).termination',
        jsonb_build_object('verdict', verdict)) #>> '{}' as termination
      from decisions where tenant_id = current_tenant() and id = $1`,
    [decision_id],
  );
  return row?.termination ?? undefined;
}

/** The control of a policy that a decision paused by, and why; undefined: a person had paused the run. */
export async function pausedBy(
  tx: Tx,
  decision_id: string,
): Promise<{ policy_id: string; control_id: string; cause: Contribution } | undefined> {
  const [row] = await tx.query<{ policy_id: string; control_id: string; cause: Contribution }>(
    `select policy_id, control_id, jsonb_path_query_first(contributions,
        '$[*] ? (@.fired == true && @.verdict == "pause")') as cause
      from decisions where tenant_id = current_tenant() and id = $1 and verdict = 'pause' and control_id like 'ctl%'`,
    [decision_id],
  );
  return row;
}
