import type { Row, Tx } from '../base/database.ts';
import { most_counted, type Page, type Slice, sliceOf } from './list.ts';

export interface TimelineAsked {
  incident: {
    id: string;
    source_run_id: string;
    violation_policy_id: string;
    decision_id: string | null;
    opened_at: string;
  };
  bound_to: string | null;
  level: 'story' | 'detail' | undefined;
}

/**
 * What stands in four places about one incident, as one list. The story is what was done with it, what was decided when
 * it was opened, what was told, how its run ended, and how its policy changed from then on.
 */
const entries = `
  select e.id, e.occurred_at as at, 'ledger' as kind, e.event, e.object_type, e.object_id, e.actor_type, e.actor_id, e.reason,
      null as status, e.after as about,
      case when e.object_id in ($2, $5) or e.event in ('RUN_KILLED', 'RUN_CANCELLED', 'RUN_PAUSED', 'RUN_RESUMED', 'RUN_ENDED')
        or (e.object_id = $4 and e.occurred_at > $8) then 'story' else 'detail' end as level
    from audit_ledger e
    where e.tenant_id = current_tenant() and (e.object_id = any (array[$2, $3, $4]) or e.run_id = $3)
      and not (e.object_type = 'incident' and e.object_id <> $2)
      and not (e.object_type = 'decision' and e.object_id <> $5)
      and e.event not like 'LIMIT_ALERT%'
      and ($6::text is null or e.project_id = $6)
  union all
  select v.id, v.occurred_at, 'violation', 'VIOLATION', 'decision', v.decision_id, null, null, null, v.action,
      to_jsonb(v), 'detail'
    from violations v
    where v.tenant_id = current_tenant() and v.run_id = $3 and v.incident_id = $2
  union all
  select a.id, a.fired_at, 'alert', 'ALERT', 'alert', a.id, null, null, null, a.status, to_jsonb(a), 'story'
    from alerts a
    where a.tenant_id = current_tenant() and a.run_id = $3 and a.policy_id = $4
  union all
  select d.id, coalesce(d.delivered_at, d.created_at), 'delivery', 'DELIVERY', 'delivery', d.id, null, null, null, d.status,
      jsonb_build_object('channel', c.slug, 'kind', c.kind, 'attempts', d.attempts, 'last_error', d.last_error),
      case when c.kind = 'console' then 'detail' else 'story' end
    from alerts a
    join deliveries d on d.tenant_id = a.tenant_id and d.alert_id = a.id
    join channels c on c.tenant_id = d.tenant_id and c.id = d.channel_id
    where a.tenant_id = current_tenant() and a.run_id = $3 and a.policy_id = $4`;

/** In the order in which things happened; what happened at once, as it was made: ids are in this order without their prefix. */
export async function readTimeline(tx: Tx, of: TimelineAsked, page: Page): Promise<Slice> {
  const { id, source_run_id, violation_policy_id, decision_id, opened_at } = of.incident;
  const rows = await tx.query<Row & { total: number }>(
    `with entries as materialized (${entries}), shown as (select * from entries where $1::text is null or level = $1)
      select s.*, coalesce(k.name, a.slug) as actor_name, (select count(*)::int from (select from shown limit ${most_counted + 1}) n) as total
        from shown s
        left join api_keys k on k.tenant_id = current_tenant() and k.id = s.actor_id
        left join actors a on a.tenant_id = current_tenant() and a.id = s.actor_id
        where $7::text is null or (s.at, substr(s.id, 5)) > (select l.at, substr(l.id, 5) from shown l where l.id = $7)
        order by s.at, substr(s.id, 5) limit ${page.limit + 1}`,
    [of.level ?? null, id, source_run_id, violation_policy_id, decision_id, of.bound_to, page.cursor, opened_at],
  );
  return sliceOf(rows, page.limit, rows[0]?.total ?? 0);
}
