import { Problem } from '@aos/core/base/error.ts';
import type { PageQuery } from '@aos/core/base/page.ts';
import { instantText } from '@aos/core/base/time.ts';
import { type Window, windowAt } from '@aos/core/base/window.ts';
import type { Balance } from '@aos/core/policies/gauge.ts';
import type { PolicyStatus } from '@aos/core/policies/policy.ts';
import type { Tx } from '../base/database.ts';
import { Filter, type Slice, sliceOf } from './list.ts';
import type { PolicyRow } from './policies.ts';

/** A limit with the policy it stands in. */
export interface LimitRow extends Pick<PolicyRow, 'status' | 'version' | 'document'> {
  policy_id: string;
  /** Position of the control in the document, from 1. */
  position: number;
}

const every_limit = `from policies p, jsonb_array_elements(p.document -> 'controls') with ordinality c(control, n)`;
const columns = `p.id || '.' || c.n as id, p.id as policy_id, p.version, p.status, p.document, c.n::int as position`;

/** The limits of policies, newest policy first; the cursor is `<policy id>.<position>`. Retired ones only when asked for. */
export async function listLimits(
  tx: Tx,
  asked: PageQuery & { status?: PolicyStatus[] | undefined; policy_id?: string | undefined },
): Promise<Omit<Slice, 'rows'> & { items: LimitRow[] }> {
  const filter = new Filter()
    .always("c.control -> 'limit' is not null")
    .among('p.status', asked.status ?? ['draft', 'active', 'disabled'])
    .where('p.id = ?', asked.policy_id);
  const [counted] = await tx.query<{ n: number }>(
    `select count(*)::int as n from (select ${every_limit} where ${filter.text} limit 10001) counted`,
    [...filter.values],
  );
  filter.where(beyond, cursorOf(asked.cursor));
  const found = await tx.query(
    `select ${columns} ${every_limit} where ${filter.text} order by p.id desc, c.n limit ${asked.limit + 1}`,
    filter.values,
  );
  const { rows, ...page } = sliceOf(found, asked.limit, counted?.n ?? 0);
  return { items: rows as unknown as LimitRow[], ...page };
}

const beyond = `(p.id < split_part(?, '.', 1) or (p.id = split_part(?, '.', 1) and c.n > split_part(?, '.', 2)::int))`;

function cursorOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined || /^pol_[0-9a-z]{26}\.\d{1,4}$/.test(cursor)) return cursor;
  throw wrongCursor();
}

const wrongCursor = () =>
  new Problem(
    'invalid_query',
    'The query cannot be read: cursor is not one of this list. Send next_cursor of the page before.',
  );

export async function limitByControl(tx: Tx, control_id: string): Promise<LimitRow | undefined> {
  const [row] = await tx.query<LimitRow>(
    `select ${columns} ${every_limit} where c.control ->> 'id' = $1 and c.control -> 'limit' is not null`,
    [control_id],
  );
  return row;
}

/** The windows of a limit that count at an instant, by their starts: one, or the buckets of a rolling one. */
export interface Windows {
  first_start: string;
  last_start: string;
}

export function windowsAt(window: Window | undefined, at_ms: number): Windows {
  const { start_ms, since_ms } = (window && windowAt(window, at_ms)) ?? { start_ms: 0, since_ms: null };
  // Buckets count that start after an instant of whole milliseconds, as they all do.
  return { first_start: instantText(since_ms === null ? start_ms : since_ms + 1), last_start: instantText(start_ms) };
}

/**
 * Balances `b` of the windows of a limit `k`, for a subquery of its own. By two plain bounds the database knows that they
 * are few among those of all time, and finds them by their index.
 */
export const within_windows = 'b.window_start between k.first_start and k.last_start';

export interface BalancesAsk {
  control_id: string;
  window: Window | undefined;
  at_ms: number;
  /** Only the balance of this subject. */
  subject?: string | undefined;
  /** The fullest first; else by subject in falling order, which for runs is from the newest on. */
  fullest?: boolean | undefined;
  /** Only what comes after this balance in that order, as `cursorAfter` wrote it. */
  cursor?: string | undefined;
  limit: number;
}

/**
 * The balances of a control in its present window, one for each subject. A rolling window is the sum of its buckets;
 * its row at -infinity is only a lock.
 */
export async function presentBalances(tx: Tx, ask: BalancesAsk): Promise<Balance[]> {
  const window = ask.window && windowAt(ask.window, ask.at_ms);
  const since_ms = window?.since_ms ?? null;
  const filter = new Filter()
    .where('control_id = ?', ask.control_id)
    .where('subject = ?', ask.subject)
    .where('subject < ?', ask.fullest ? undefined : ask.cursor)
    .where(since_ms === null ? 'window_start = ?' : 'window_start > ?', instantText(since_ms ?? window?.start_ms ?? 0));
  const after = ask.fullest && ask.cursor !== undefined ? fullnessIn(ask.cursor) : null;
  const place = filter.values.length;
  const rows = await tx.query<{ subject: string; posted: string; pending: string }>(
    `select subject, sum(posted)::text as posted, sum(pending)::text as pending from balances
      where ${filter.text} group by subject
      ${after ? `having (sum(posted + pending), subject) < ($${place + 1}::numeric, $${place + 2})` : ''}
      order by ${ask.fullest ? 'sum(posted + pending) desc, ' : ''}subject desc limit ${ask.limit}`,
    [...filter.values, ...(after ?? [])],
  );
  return rows.map(({ subject, posted, pending }) => ({ subject, posted: BigInt(posted), pending: BigInt(pending) }));
}

/** What is asked for the balances after this one. */
export const cursorAfter = ({ subject, posted, pending }: Balance, fullest: boolean): string =>
  fullest ? `${posted + pending}.${subject}` : subject;

function fullnessIn(cursor: string): [used: string, subject: string] {
  const [, used, subject] = /^(\d{1,20})\.(.+)$/s.exec(cursor) ?? [];
  if (used === undefined || subject === undefined) throw wrongCursor();
  return [used, subject];
}
