import type { Escalation } from '@aos/core/activity/escalation-text.ts';
import type { Observed, Unresolved } from '@aos/core/activity/signal-look.ts';
import { epochMs } from '@aos/core/base/time.ts';
import type { Row, Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';
import { Filter, type Listing, within } from './list.ts';
import { inScope, type Scope } from './list-scope.ts';

/** Whether it is time to look, and this process is the one that does: not since `before` has anybody begun to. */
export async function beginLook(tx: Tx, tenant_id: string, at: string, before: string): Promise<boolean> {
  const rows = await tx.query(
    `insert into signal_looks (tenant_id, looked_at) values ($1, $2)
      on conflict (tenant_id) do update set looked_at = excluded.looked_at where signal_looks.looked_at <= $3
      returning looked_at`,
    [tenant_id, at, before],
  );
  return rows.length > 0;
}

type Stored = Omit<Unresolved, 'last_seen_at_ms' | 'suppressed_until_ms'> & {
  last_seen_at: string;
  suppressed_until: string | null;
};

/** Those that are not resolved, as they are until the end of the transaction. */
export async function lockUnresolved(tx: Tx): Promise<Unresolved[]> {
  const rows = await tx.query<Stored>(
    `select id, type, subject, status, severity, text, project_id, agent_id, api_key_id, policy_id, run_id,
        is_synthetic, times_seen, last_day, last_seen_at, suppressed_until, acted_severity, acted_times_seen, escalates
      from signals where tenant_id = current_tenant() and status <> 'resolved' order by id for update`,
  );
  return rows.map(({ last_seen_at, suppressed_until, ...row }) => ({
    ...row,
    last_seen_at_ms: epochMs(last_seen_at),
    suppressed_until_ms: suppressed_until === null ? null : epochMs(suppressed_until),
  }));
}

export interface NewSignal extends Observed {
  tenant_id: string;
  id: string;
  status: 'open';
  times_seen: number;
  last_day: number[];
  first_seen_at: string;
  last_seen_at: string;
}

/** Answers the ids of those that were not there already. */
export async function insertSignals(tx: Tx, rows: readonly NewSignal[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const inserted = await tx.query<{ id: string }>(
    `insert into signals select * from jsonb_populate_recordset(null::signals, $1) on conflict do nothing returning id`,
    [jsonText(rows)],
  );
  return new Set(inserted.map(({ id }) => id));
}

export interface SeenAgain extends Pick<Observed, 'severity' | 'text' | 'evidence'> {
  id: string;
  last_day: number[];
  last_seen_at: string;
  reopened: boolean;
}

/** Conditions that still hold; what was dealt with and is reopened waits for people again. */
export async function seeAgain(tx: Tx, rows: readonly SeenAgain[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `update signals s set times_seen = s.times_seen + 1, severity = n.severity, text = n.text, evidence = n.evidence,
        last_day = n.last_day, last_seen_at = n.last_seen_at,
        status = case when n.reopened then 'open' else s.status end,
        suppressed_until = case when n.reopened then null else s.suppressed_until end,
        escalates = case when n.reopened then null else s.escalates end
      from jsonb_to_recordset($1) n(id text, severity text, text text, evidence jsonb, last_day integer[],
        last_seen_at timestamptz, reopened boolean)
      where s.tenant_id = current_tenant() and s.id = n.id`,
    [jsonText(rows)],
  );
}

export async function resolveSignals(tx: Tx, ids: readonly string[], at: string): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `update signals set status = 'resolved', resolved_at = $2, suppressed_until = null, escalates = null
      where tenant_id = current_tenant() and id = any ($1)`,
    [ids, at],
  );
}

/** Deletes some of those that were resolved before an instant, the oldest first. */
export async function deleteResolved(tx: Tx, before: string, most: number): Promise<void> {
  await tx.query(
    `delete from signals where tenant_id = current_tenant() and id in (select id from signals
        where tenant_id = current_tenant() and resolved_at < $1 order by resolved_at limit ${most})`,
    [before],
  );
}

/** Types of which there are as many open or acknowledged as are kept at a time: more may hold. */
export async function fullTypes(tx: Tx, most: number): Promise<Set<string>> {
  const rows = await tx.query<{ type: string }>(
    `select type from signals where tenant_id = current_tenant() and status in ('open', 'acknowledged')
      group by type having count(*) >= $1`,
    [most],
  );
  return new Set(rows.map(({ type }) => type));
}

/** The signal as it is until the end of the transaction, as far as the caller sees it. */
export async function lockSignal(tx: Tx, id: string, bound_to: string | null): Promise<Row | undefined> {
  const [row] = await tx.query(
    `select id, type, status, severity, text, suppressed_until, escalates, act_reason, project_id, agent_id, run_id from signals
      where tenant_id = current_tenant() and id = $1 and ($2::text is null or project_id = $2) for update`,
    [id, bound_to],
  );
  return row;
}

export interface SignalAct {
  status: 'acknowledged' | 'suppressed';
  suppressed_until: string | null;
  escalates: Escalation | null;
  acted_at: string;
  acted_by: string;
  act_reason: string | null;
}

/** What a person did with a signal that the transaction has locked. */
export async function actOnSignal(tx: Tx, id: string, act: SignalAct): Promise<void> {
  await tx.query(
    `update signals set status = $2, suppressed_until = $3, acted_at = $4, acted_by = $5, act_reason = $6,
        acted_severity = severity, acted_times_seen = times_seen, escalates = $7
      where tenant_id = current_tenant() and id = $1`,
    [
      ...[id, act.status, act.suppressed_until, act.acted_at, act.acted_by, act.act_reason],
      act.escalates && jsonText(act.escalates),
    ],
  );
}

const described = (rows: string): string => `
  select s.*,
      (select p.slug from projects p where p.tenant_id = s.tenant_id and p.id = s.project_id) as project_slug,
      (select a.slug from agents a where a.tenant_id = s.tenant_id and a.id = s.agent_id) as agent_slug,
      (select p.document ->> 'name' from policies p where p.tenant_id = s.tenant_id and p.id = s.policy_id) as policy_name
    from (${rows}) s order by s.id desc`;

export interface SignalsAsked {
  type?: string[] | undefined;
  status?: string[] | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** Signals, newest first; `from` and `to` are of when they were first seen. */
export function signalListing(scope: Scope, { type, status, from, to }: SignalsAsked): Listing {
  const filter = new Filter().always('s.tenant_id = current_tenant()').among('s.type', type).among('s.status', status);
  inScope(filter, 's', scope);
  within(filter, { id: 's.id', kind: 'signal', at: 's.first_seen_at' }, from, to);
  return { table: 'signals s', id: 's.id', order: 'newest', filter, around: described };
}

export async function findSignal(tx: Tx, id: string, bound_to: string | null): Promise<Row | undefined> {
  const one = `select s.* from signals s
    where s.tenant_id = current_tenant() and s.id = $1 and ($2::text is null or s.project_id = $2)`;
  const [row] = await tx.query(described(one), [id, bound_to]);
  return row;
}
