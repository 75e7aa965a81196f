import type { TerminationReason } from '@aos/core/activity/run.ts';
import type { RunsQuery } from '@aos/core/api/activity.ts';
import { firstSuffixAt, type IdKind, id_prefixes, instantOf } from '@aos/core/base/id.ts';
import type { Row, Tx } from '../base/database.ts';
import { asker_slugs, askerJoins } from './asker-names.ts';
import { Filter, type Listing, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';

/** Runs with the names of who asked, and the way to their traces and incidents; newest first. */
const described = (rows: string): string => `
  select r.*, ${asker_slugs}, session.external_id as session_external_id, 'trc' || substr(r.id, 4) as trace_id,
      array(select i.id from incidents i where i.tenant_id = r.tenant_id and i.source_run_id = r.id order by i.id) as incident_ids
    from (${rows}) r ${askerJoins('r')}
    left join sessions session on session.tenant_id = r.tenant_id and session.id = r.session_id
    order by r.id desc`;

/** Statuses of runs that have not ended, as the partial index of open runs says them. */
const open_statuses = "('queued', 'running', 'retry')";

export type RunsAsked = Pick<RunsQuery, 'model' | 'provider' | 'source' | 'reason' | 'risk' | 'status' | 'from' | 'to'>;

/** Runs, newest first: those that have not ended, those that have, or all. */
export function runsListing(of: {
  tenant_id: string;
  scope: Scope;
  asked: RunsAsked;
  part: 'live' | 'ended' | 'all';
}): Listing {
  const { asked, part } = of;
  const filter = new Filter().where('r.tenant_id = ?', of.tenant_id);
  inScope(filter, 'r', of.scope);
  within(filter, { id: 'r.id', kind: 'run', at: 'r.created_at' }, asked.from, asked.to);
  if (part === 'live') filter.always(`r.status in ${open_statuses}`);
  if (part === 'ended') filter.always('r.ended_at is not null');
  filter.among('r.status', asked.status).among('r.mode', asked.source);
  ofReason(filter, asked.reason);
  ofModel(filter, asked);
  filter.where(
    'r.id in (select i.source_run_id from incidents i where i.tenant_id = r.tenant_id and i.severity = any(?))',
    asked.risk,
  );
  return { table: 'runs r', id: 'r.id', order: 'newest', filter, around: described };
}

/** A reason other than COMPLETED is only found in the index of runs that did not succeed. */
function ofReason(filter: Filter, reasons: readonly TerminationReason[] | undefined): void {
  filter.among('r.termination_reason', reasons);
  if (reasons !== undefined && !reasons.includes('COMPLETED')) filter.always("r.status <> 'succeeded'");
}

/** Runs with a call to one of these models or providers. The record of a call is never older than its run. */
function ofModel(filter: Filter, { model, provider }: RunsAsked): void {
  const record =
    "select from llm_run_records x where x.tenant_id = r.tenant_id and x.run_id = r.id and x.id > 'rec' || substr(r.id, 4)";
  filter.where(`exists (${record} and x.model = any(?))`, model);
  filter.where(`exists (${record} and x.provider = any(?))`, provider);
}

/** A run, or undefined when it is not there or belongs to another project than the only one that may be seen. */
export async function findRun(
  tx: Tx,
  tenant_id: string,
  id: string,
  bound_to: string | null,
): Promise<Row | undefined> {
  const one = 'select r.* from runs r where r.tenant_id = $1 and r.id = $2 and ($3::text is null or r.project_id = $3)';
  const rows = await tx.query(described(one), [tenant_id, id, bound_to]);
  return rows[0];
}

/** What the parts of a run count up to. */
export async function countsOf(tx: Tx, tenant_id: string, run_id: string): Promise<Row> {
  const rows = await tx.query(
    `select (select count(*) from steps s where s.tenant_id = $1 and s.run_id = $2 and s.id >= $3) as steps_count,
        (select count(*) from decisions d where d.tenant_id = $1 and d.run_id = $2 and d.id >= $4) as decisions,
        (select count(*) from violations v where v.tenant_id = $1 and v.run_id = $2 and v.id >= $5) as violations`,
    [tenant_id, run_id, firstIdOf(run_id, 'step'), firstIdOf(run_id, 'decision'), firstIdOf(run_id, 'violation')],
  );
  return rows[0] ?? {};
}

/** Nothing of a run is older than this id: older partitions need not be looked at. An hour is for clocks that differ. */
export const firstIdOf = (run_id: string, kind: IdKind): string =>
  `${id_prefixes[kind]}_${firstSuffixAt(Math.max(0, instantOf(run_id) - 3_600_000))}`;
