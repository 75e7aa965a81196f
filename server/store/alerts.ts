import type { Alert } from '@aos/core/policies/alert.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';
import { type Windows, within_windows } from './limits.ts';
import { Filter, type Listing, within } from './list.ts';
import type { Scope } from './list-scope.ts';

/** An alert as it is first written. */
export type AlertRow = Omit<Alert, 'url'> & { tenant_id: string };

/**
 * Writes alerts that were not told before in their window; the others are left out without a word. In one order, so
 * that two processes that see the same tiers never wait for each other in a circle.
 */
export async function insertAlerts(tx: Tx, rows: readonly AlertRow[]): Promise<void> {
  if (rows.length === 0) return;
  const key = (of: AlertRow) => `${of.control_id} ${of.subject} ${of.window_start} ${of.tier ?? 0}`;
  const sorted = [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  await tx.query(
    'insert into alerts select * from jsonb_populate_recordset(null::alerts, $1) on conflict do nothing',
    [jsonText(sorted)],
    'insert_alerts',
  );
}

const columns = `id, kind, tier, status, text, policy_id, policy_name, policy_version, control_id, mode, action, limit_type,
  subject, unit, limit_value, used, reserved, window_start, window_end, empties_at, decision_id, run_id, project_id,
  agent_id, actor_id, api_key_id, event_id, channels, requires_ack, fired_at, acknowledged_at, acknowledged_by,
  acknowledge_reason, is_synthetic, coalesce(repeats, 0) as repeats, repeat_at`;

export interface AlertFilter {
  status?: string[] | undefined;
  kind?: string[] | undefined;
  policy_id?: string | undefined;
  control_id?: string | undefined;
  subject?: string | undefined;
  run_id?: string | undefined;
  tier?: number | undefined;
  from?: string | undefined;
  to?: string | undefined;
  scope: Pick<Scope, 'ids' | 'is_synthetic'>;
}

/** Alerts, newest first. */
export function alertListing(of: AlertFilter): Listing {
  const filter = new Filter()
    .always('a.tenant_id = current_tenant()')
    .among('a.status', of.status)
    .among('a.kind', of.kind)
    .where('a.policy_id = ?', of.policy_id)
    .where('a.control_id = ?', of.control_id)
    .where('a.subject = ?', of.subject)
    .where('a.run_id = ?', of.run_id)
    .where('a.tier = ?', of.tier)
    .where('a.is_synthetic = ?', of.scope.is_synthetic ?? undefined)
    .named('a.project_id', of.scope.ids.project);
  within(filter, { id: 'a.id', kind: 'alert', at: 'a.fired_at' }, of.from, of.to);
  const around = (rows: string) => `select ${columns} from (${rows}) a order by a.id desc`;
  return { table: 'alerts a', id: 'a.id', order: 'newest', filter, around };
}

export async function findAlert(tx: Tx, id: string, project_id: string | null): Promise<Alert | undefined> {
  const [row] = await tx.query<Alert>(
    `select ${columns} from alerts where tenant_id = current_tenant() and id = $1 and ($2::text is null or project_id = $2)`,
    [id, project_id],
  );
  return row;
}

/** Undefined: it has been acknowledged already. */
export async function acknowledgeAlert(
  tx: Tx,
  of: { id: string; at: string; by: string; reason: string },
): Promise<Alert | undefined> {
  const [row] = await tx.query<Alert>(
    `update alerts set status = 'acknowledged', acknowledged_at = $2, acknowledged_by = $3, acknowledge_reason = $4,
        repeat_at = null
      where tenant_id = current_tenant() and id = $1 and status <> 'acknowledged' returning ${columns}`,
    [of.id, of.at, of.by, of.reason],
  );
  return row;
}

/** One tier of one control in its present window. */
export interface Mark extends Windows {
  control_id: string;
  tier: number;
  mark: bigint;
  /** The window that alerts are told in. */
  alert_start: string;
}

export interface ReachedMark {
  /** Position of the mark, from 0. */
  n: number;
  subject: string;
  posted: string;
  pending: string;
}

/**
 * Balances of which what is posted alone has reached a mark that was not told: a limit was lowered, or a provider
 * reported more than was held. What is only reserved is left to the call that reserved it.
 */
export function untoldMarks(tx: Tx, marks: readonly Mark[], limit: number): Promise<ReachedMark[]> {
  return tx.query<ReachedMark>(
    `select k.n::int - 1 as n, s.subject, s.posted::text, s.pending::text
       from unnest($1::text[], $2::int[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
              with ordinality k(control_id, tier, mark, first_start, last_start, alert_start, n),
            lateral (select b.subject, sum(b.posted) as posted, sum(b.pending) as pending from balances b
              where b.tenant_id = current_tenant() and b.control_id = k.control_id and ${within_windows}
              group by b.subject) s
       where s.posted >= greatest(k.mark, 1) and not exists (select from alerts a
              where a.tenant_id = current_tenant() and a.control_id = k.control_id and a.subject = s.subject
                and a.window_start = k.alert_start and coalesce(a.tier, 0) = k.tier)
       limit ${limit}`,
    [
      marks.map((of) => of.control_id),
      marks.map((of) => of.tier),
      marks.map((of) => of.mark),
      marks.map((of) => of.first_start),
      marks.map((of) => of.last_start),
      marks.map((of) => of.alert_start),
    ],
  );
}

/** Subjects of a control to which its forecast was told in this window. */
export async function forecastsTold(tx: Tx, control_id: string, window_start: string): Promise<Set<string>> {
  const rows = await tx.query<{ subject: string }>(
    `select subject from alerts where tenant_id = current_tenant() and control_id = $1 and window_start = $2 and tier is null`,
    [control_id, window_start],
  );
  return new Set(rows.map(({ subject }) => subject));
}

/** Alerts that are to be told again by this instant, those that waited longest first. */
export function alertsToRepeat(tx: Tx, at: string, limit: number): Promise<AlertRow[]> {
  return tx.query<AlertRow>(
    `select tenant_id, ${columns} from alerts where tenant_id = current_tenant() and repeat_at <= $1
      order by repeat_at, id limit ${limit}`,
    [at],
  );
}

/**
 * Takes the telling of an alert that was to be told again at `repeat_at`, and says when it is next; null: never. Of
 * several processes one has it; the others are answered with false.
 */
export async function takeRepeat(
  tx: Tx,
  { id, repeat_at }: Pick<AlertRow, 'id' | 'repeat_at'>,
  of: { told: boolean; next: string | null },
): Promise<boolean> {
  const rows = await tx.query(
    `update alerts set repeats = coalesce(repeats, 0) + $3, repeat_at = $4
      where tenant_id = current_tenant() and id = $1 and repeat_at = $2 returning id`,
    [id, repeat_at, of.told ? 1 : 0, of.next],
  );
  return rows.length > 0;
}
