import { oldest_records } from '@aos/core/api/logs.ts';
import type { Context } from '../http/handler.ts';
import { limitTime, orTooMuch } from '../store/list.ts';
import { type Log, oldestOf } from '../store/oldest-read.ts';
import { nowText } from './change.ts';
import { visibleProject } from './read.ts';

/** From when the oldest record of each log is that the caller may read; `of_system` are those whose system records. */
export async function oldestRecords(context: Context, of_system: readonly string[]) {
  const { db } = context.deps;
  const { tenant_id } = context.identity;
  const read = (log: Log, of: { tenant_id: string; bound_to?: string | null }) =>
    db.tenant(of.tenant_id, async (tx) => {
      await limitTime(tx);
      return oldestOf(tx, log, of);
    });
  const of = { tenant_id, bound_to: visibleProject(context) };
  try {
    const [llm_runs, audit, ...system] = await Promise.all([
      read('llm_runs', of),
      read('audit', of),
      ...of_system.map((tenant) => read('system', { tenant_id: tenant })),
    ]);
    const [oldest = null] = system.filter((at) => at !== null).sort();
    return oldest_records.parse({ llm_runs, audit, system: oldest, generated_at: nowText(context) });
  } catch (error) {
    throw orTooMuch(error);
  }
}
