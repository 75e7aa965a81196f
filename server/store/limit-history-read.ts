import { firstSuffixAt } from '@aos/core/base/id.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { Filter } from './list.ts';

export interface HistoryAsk {
  control_id: string;
  subject: string;
  from_ms: number;
  to_ms: number;
  /** Only what was counted in the window that began then; null: whatever its window. */
  window_start_ms: number | null;
  step_ms: number;
}

/** How long a call may take: it is counted where it ended, and found by when it began. */
const longest_call_ms = 3_600_000;

/** What calls posted on one balance of a control. */
function posted(ask: HistoryAsk): Filter {
  const bound = (at_ms: number) => `rec_${firstSuffixAt(Math.max(0, at_ms))}`;
  return new Filter()
    .always('r.tenant_id = current_tenant()')
    .where('r.id > ?', bound(ask.from_ms - longest_call_ms))
    .where('r.id < ?', bound(ask.to_ms + 1))
    .where('r.settled_at >= ?', instantText(ask.from_ms))
    .where("h.line ->> 'control_id' = ?", ask.control_id)
    .where("h.line ->> 'subject' = ?", ask.subject)
    .where(
      "h.line ->> 'window_start' = ?",
      ask.window_start_ms === null ? undefined : instantText(ask.window_start_ms),
    );
}

const lines = 'from llm_run_records r, json_array_elements(r.holds) h(line)';
const amount = "sum((h.line ->> 'posted')::numeric)::text";

/** What was posted in each step of time that anything was posted in. */
export async function postedOver(tx: Tx, ask: HistoryAsk): Promise<{ step: number; amount: bigint }[]> {
  const { text, values } = posted(ask);
  const rows = await tx.query<{ step: number; amount: string }>(
    `select floor((extract(epoch from r.settled_at) * 1000 - ${ask.from_ms}) / ${ask.step_ms})::int as step, ${amount} as amount
      ${lines} where ${text} group by 1 order by 1`,
    values,
  );
  return rows.map((row) => ({ step: row.step, amount: BigInt(row.amount) }));
}

export interface Consumer {
  id: string | null;
  name: string | null;
  calls: number;
  amount: bigint;
}

/** Who used most of it, by agent or by key; with `bound_to`, of one project alone. */
export async function consumersOf(
  tx: Tx,
  ask: HistoryAsk & { bound_to: string | null },
  by: 'agent' | 'api_key',
  limit: number,
): Promise<Consumer[]> {
  const { text, values } = posted(ask).where('r.project_id = ?', ask.bound_to ?? undefined);
  const [column, table, name] = by === 'agent' ? ['agent_id', 'agents', 'slug'] : ['api_key_id', 'api_keys', 'name'];
  const rows = await tx.query<Omit<Consumer, 'amount'> & { amount: string }>(
    `select u.*, n.${name} as name from (
        select r.${column} as id, count(*)::int as calls, ${amount} as amount ${lines} where ${text}
          group by 1 order by sum((h.line ->> 'posted')::numeric) desc limit ${limit}) u
      left join ${table} n on n.tenant_id = current_tenant() and n.id = u.id
      order by u.amount::numeric desc`,
    values,
  );
  return rows.map((row) => ({ ...row, amount: BigInt(row.amount) }));
}
