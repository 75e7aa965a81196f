import { firstSuffixAt } from '@aos/core/base/id.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { Filter } from './list.ts';

export interface EffectsAsk {
  from_ms: number;
  policy_id: string | undefined;
  version: number | undefined;
  /** Only calls that were stopped. */
  only: 'stopped' | undefined;
  /** The only project whose runs the caller may see. */
  bound_to: string | null;
  is_synthetic: boolean | null;
}

export interface Figures {
  stopped: number;
  warned: number;
  shadow: number;
}

const stopped = "v.mode = 'enforce' and v.action in ('pause', 'block', 'kill')";

/** A call on which several controls of a policy fired is one. */
const figures = `
  count(distinct v.decision_id) filter (where ${stopped})::int as stopped,
  count(distinct v.decision_id) filter (where v.mode = 'enforce' and v.action in ('warn', 'continue'))::int as warned,
  count(distinct v.decision_id) filter (where v.mode = 'shadow')::int as shadow`;

function violationsSince(ask: EffectsAsk): Filter {
  const filter = new Filter()
    .always('v.tenant_id = current_tenant()')
    .where('v.id >= ?', `vio_${firstSuffixAt(ask.from_ms)}`)
    .where('v.occurred_at >= ?', instantText(ask.from_ms))
    .where('v.policy_id = ?', ask.policy_id)
    .where('v.policy_version = ?', ask.version)
    .where('v.is_synthetic = ?', ask.is_synthetic ?? undefined)
    .where(
      'exists (select from runs r where r.tenant_id = v.tenant_id and r.id = v.run_id and r.project_id = ?)',
      ask.bound_to ?? undefined,
    );
  if (ask.only === 'stopped') filter.always(stopped);
  return filter.always("v.policy_id like 'pol_%'");
}

export function effectsByDay(tx: Tx, ask: EffectsAsk) {
  const { text, values } = violationsSince(ask);
  return tx.query<Figures & { policy_id: string; day: string; last_at: string }>(
    `select v.policy_id, to_char(v.occurred_at at time zone 'UTC', 'YYYY-MM-DD') as day, max(v.occurred_at) as last_at, ${figures}
      from violations v where ${text} group by 1, 2 order by 1, 2`,
    values,
  );
}

export function effectsByAgent(tx: Tx, ask: EffectsAsk, limit: number) {
  const { text, values } = violationsSince(ask);
  return tx.query<Figures & { agent_id: string | null; agent_slug: string | null }>(
    `select u.*, a.slug as agent_slug from (
        select r.agent_id, ${figures} from violations v
          join runs r on r.tenant_id = v.tenant_id and r.id = v.run_id
          where ${text} group by 1 order by count(distinct v.decision_id) desc limit ${limit}) u
      left join agents a on a.tenant_id = current_tenant() and a.id = u.agent_id`,
    values,
  );
}

/** The latest times that a control of a policy fired. */
export function effectExamples(tx: Tx, ask: EffectsAsk, limit: number) {
  const { text, values } = violationsSince(ask);
  return tx.query<Record<string, unknown>>(
    `select v.*, a.slug as agent_slug from (select v.* from violations v where ${text} order by v.id desc limit ${limit}) v
      join runs r on r.tenant_id = v.tenant_id and r.id = v.run_id
      left join agents a on a.tenant_id = v.tenant_id and a.id = r.agent_id
      order by v.id desc`,
    values,
  );
}
