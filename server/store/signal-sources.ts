import { firstSuffixAt, type IdKind, id_prefixes } from '@aos/core/base/id.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { type Windows, within_windows } from './limits.ts';

/** From when on a look reads, and how many conditions of one type it takes in. */
export interface Since {
  since_ms: number;
  most: number;
}

/** An id is made when its row begins, which may be so long before its end. */
const id_margin_ms = 600_000;

const firstId = (kind: IdKind, at_ms: number): string => `${id_prefixes[kind]}_${firstSuffixAt(Math.max(0, at_ms))}`;

export interface RepeatedTool {
  run_id: string;
  project_id: string;
  agent_id: string | null;
  agent_slug: string | null;
  tool: string;
  params_hash: string;
  times: number;
  first_at: string;
  last_at: string;
  is_synthetic: boolean;
}

/** Tools that one run called again and again with the same arguments, the most often first. */
export const repeatedTools = (tx: Tx, { since_ms, most }: Since, times: number): Promise<RepeatedTool[]> =>
  tx.query(
    `select s.*, r.project_id, r.agent_id,
        (select a.slug from agents a where a.tenant_id = r.tenant_id and a.id = r.agent_id) as agent_slug
      from (select run_id, skill as tool, params ->> 'params_hash' as params_hash, count(*)::int as times,
              min(started_at) as first_at, max(ended_at) as last_at, bool_and(is_synthetic) as is_synthetic
            from step_rows where tenant_id = current_tenant() and kind = 'tool' and id >= $1 and ended_at >= $2
              and params ->> 'params_hash' is not null
            group by run_id, skill, params ->> 'params_hash' having count(*) >= $3 order by count(*) desc limit ${most}) s
        join runs r on r.tenant_id = current_tenant() and r.id = s.run_id
      order by s.times desc`,
    [firstId('step', since_ms - id_margin_ms), instantText(since_ms), times],
  );

export interface FailingAgent {
  project_id: string;
  agent_id: string | null;
  /** Of calls that name no agent. */
  api_key_id: string | null;
  name: string | null;
  failed: number;
  error_code: string | null;
  is_synthetic: boolean;
}

/** Agents, or keys that name none, whose calls failed; the most failures first. What is only reported counts nowhere. */
export const failingAgents = (tx: Tx, { since_ms, most }: Since, failed: number): Promise<FailingAgent[]> =>
  tx.query(
    `select f.*, coalesce(
        (select a.slug from agents a where a.tenant_id = current_tenant() and a.id = f.agent_id),
        (select k.name from api_keys k where k.tenant_id = current_tenant() and k.id = f.api_key_id)) as name
      from (select project_id, agent_id, case when agent_id is null then api_key_id end as api_key_id,
              count(*)::int as failed, mode() within group (order by error_code) as error_code,
              bool_and(is_synthetic) as is_synthetic
            from llm_run_records where tenant_id = current_tenant() and execution_status = 'failed' and id >= $1
              and settled_at >= $2 and source <> 'reported'
            group by 1, 2, 3 having count(*) >= $3 order by count(*) desc limit ${most}) f
      order by f.failed desc`,
    [firstId('record', since_ms - id_margin_ms), instantText(since_ms), failed],
  );

export interface FailingProvider {
  provider: string;
  failed: number;
  calls: number;
  error_code: string | null;
}

/**
 * Providers that failed by themselves so many real calls that began since then, and such a part of all. All calls are
 * counted only as far as it takes to know that the part is smaller.
 */
export const failingProviders = (
  tx: Tx,
  { since_ms, most }: Since,
  { failed, percent }: { failed: number; percent: number },
): Promise<FailingProvider[]> =>
  tx.query(
    `select f.provider, f.failed, c.calls, f.error_code
      from (select provider, count(*)::int as failed, mode() within group (order by error_code) as error_code
            from llm_run_records where tenant_id = current_tenant() and execution_status = 'failed' and id >= $1
              and not is_synthetic and source <> 'reported'
              and not coalesce(http_status between 400 and 499 and http_status <> 429, false)
            group by provider having count(*) >= $2 order by count(*) desc limit ${most}) f,
        lateral (select count(*)::int as calls from (
            select from llm_run_records x where x.tenant_id = current_tenant() and x.provider = f.provider and x.id >= $1
              and not x.is_synthetic and x.source <> 'reported' limit f.failed * 100 / $3 + 1) known) c
      where f.failed * 100 >= c.calls * $3 order by f.failed desc`,
    [firstId('record', since_ms), failed, percent],
  );

export interface UnpricedModel {
  project_id: string;
  provider: string;
  model: string;
  calls: number;
  /** Whether no calls but these were without a price: the newest are read, and only so many. */
  is_all: boolean;
  is_synthetic: boolean;
}

/** Models without a price among the newest `calls` that had none, project by project; the most calls first. */
export const unpricedModels = (tx: Tx, { since_ms, most }: Since, calls: number): Promise<UnpricedModel[]> =>
  tx.query(
    `select project_id, provider, model, count(*)::int as calls, sum(count(*)) over () < ${calls} as is_all,
        bool_and(is_synthetic) as is_synthetic
      from (select project_id, provider, model, is_synthetic from llm_run_records
              where tenant_id = current_tenant() and cost_usd is null and id >= $1 and source <> 'reported'
              order by id desc limit ${calls}) newest
      group by project_id, provider, model order by count(*) desc limit ${most}`,
    [firstId('record', since_ms)],
  );

export interface CostJump {
  project_id: string;
  agent_id: string;
  agent_slug: string;
  hour: string;
  cost_usd: string;
  mean_usd: string;
  hours: number;
}

/**
 * Agents that spent much more in the last hour that is summed up than in the hours before, from their first of these on.
 * Nothing when the sums are more than an hour behind.
 */
export const costJumps = (
  tx: Tx,
  at_ms: number,
  { times, least_usd, hours, least_hours }: { times: number; least_usd: number; hours: number; least_hours: number },
  most: number,
): Promise<CostJump[]> =>
  tx.query(
    `select j.project_id, j.agent_id, a.slug as agent_slug, j.hour, round(j.last_usd, 2)::text as cost_usd,
        round(j.before_usd / j.hours, 2)::text as mean_usd, j.hours
      from (select s.project_id, s.agent_id, u.hour,
              coalesce(sum(s.cost_usd) filter (where s.start = u.hour), 0) as last_usd,
              coalesce(sum(s.cost_usd) filter (where s.start < u.hour), 0) as before_usd,
              (extract(epoch from u.hour - min(s.start)) / 3600)::int as hours
            from (select hours_until - interval '1 hour' as hour from call_sums_until
                    where tenant_id = current_tenant() and hours_until > $1::timestamptz - interval '2 hours') u
              join call_sums s on s.tenant_id = current_tenant() and s.width = 'hour'
                and s.start >= u.hour - make_interval(hours => $2) and s.start <= u.hour
            where s.agent_id is not null
            group by s.project_id, s.agent_id, u.hour) j
        join agents a on a.tenant_id = current_tenant() and a.id = j.agent_id
      where j.hours >= $3 and j.last_usd >= $4 * j.before_usd / j.hours and j.last_usd - j.before_usd / j.hours >= $5
      order by j.last_usd desc limit ${most}`,
    [instantText(at_ms), hours, least_hours, times, least_usd],
  );

/** Whom a key that is bound to nobody claimed to be. */
export interface Claim {
  api_key_id: string;
  lineage_id: string;
  key_name: string;
  project_id: string;
  project_slug: string;
  /** Null: the call named none, or the key is bound to it. */
  agent_id: string | null;
  agent_slug: string | null;
  actor_id: string | null;
  actor_slug: string | null;
  actor_kind: 'human' | 'service' | 'system' | null;
  is_synthetic: boolean;
}

/** What unbound keys claimed in their newest runs, each claim once. */
export const claimsSince = (tx: Tx, { since_ms, most }: Since, runs: number): Promise<Claim[]> =>
  tx.query(
    `select c.*, p.slug as project_slug, a.slug as agent_slug, o.slug as actor_slug, o.kind as actor_kind
      from (select k.id as api_key_id, k.lineage_id, k.name as key_name, r.project_id,
              case when k.agent_ids = '{}' then r.agent_id end as agent_id,
              case when k.actor_ids = '{}' then r.actor_id end as actor_id, bool_and(r.is_synthetic) as is_synthetic
            from api_keys k, lateral (
              select project_id, agent_id, actor_id, identity, is_synthetic from runs
                where api_key_id = k.id and tenant_id = current_tenant() and id >= $1 order by id desc limit ${runs}) r
            where k.tenant_id = current_tenant() and k.revoked_at is null and k.last_used_at >= $2
              and (k.agent_ids = '{}' or k.actor_ids = '{}') and r.identity = 'claimed'
            group by 1, 2, 3, 4, 5, 6 order by k.id limit ${most}) c
        join projects p on p.tenant_id = current_tenant() and p.id = c.project_id
        left join agents a on a.tenant_id = current_tenant() and a.id = c.agent_id
        left join actors o on o.tenant_id = current_tenant() and o.id = c.actor_id
      where c.agent_id is not null or c.actor_id is not null`,
    [firstId('run', since_ms), instantText(since_ms)],
  );

export interface WouldStop {
  policy_id: string;
  times: number;
  is_synthetic: boolean;
}

/** How often each of these policies would have stopped something while it was in shadow, counted up to `up_to`. */
export const shadowStops = (
  tx: Tx,
  since_ms: number,
  policy_ids: readonly string[],
  up_to: number,
): Promise<WouldStop[]> =>
  tx.query(
    `select p.id as policy_id, v.times, v.is_synthetic from unnest($1::text[]) p(id), lateral (
        select count(*)::int as times, bool_and(is_synthetic) as is_synthetic from (
          select is_synthetic from violations where tenant_id = current_tenant() and policy_id = p.id and id >= $2
            and mode = 'shadow' and action in ('pause', 'block', 'kill') limit ${up_to}) known) v
      where v.times > 0`,
    [policy_ids, firstId('violation', since_ms)],
  );

export interface FailingChannel {
  id: string;
  slug: string;
  kind: string;
  failing_since: string;
  dead: number;
}

export const failingChannels = (tx: Tx, { since_ms, most }: Since): Promise<FailingChannel[]> =>
  tx.query(
    `select c.id, c.slug, c.kind, c.failing_since, (select count(*)::int from deliveries d
          where d.tenant_id = current_tenant() and d.status = 'dead' and d.id >= $1 and d.channel_id = c.id) as dead
      from channels c where c.tenant_id = current_tenant() and c.removed_at is null and c.enabled
        and c.failing_since is not null order by c.failing_since limit ${most}`,
    [firstId('delivery', since_ms)],
  );

export interface NamedSubject {
  /** What it is known by: its id, and where callers choose one, its slug. Of a key its lineage. */
  id: string;
  slug: string;
  name: string;
  kind: 'project' | 'agent' | 'actor' | 'api_key';
  project_id: string | null;
}

/** Who these ids and slugs are. */
export const subjectsNamed = (tx: Tx, names: readonly string[]): Promise<NamedSubject[]> =>
  tx.query(
    `select 'project' as kind, id, slug, slug as name, id as project_id from projects
        where tenant_id = current_tenant() and (id = any ($1) or slug = any ($1))
      union all select 'agent', id, slug, slug, project_id from agents
        where tenant_id = current_tenant() and (id = any ($1) or slug = any ($1))
      union all select 'actor', id, slug, slug, null from actors
        where tenant_id = current_tenant() and (id = any ($1) or slug = any ($1))
      union all (select distinct on (lineage_id) 'api_key', lineage_id, lineage_id, name, project_id from api_keys
        where tenant_id = current_tenant() and lineage_id = any ($1) order by lineage_id, id desc)`,
    [names],
  );

/** One limit in its present window, and from which amount on its balances are asked for. */
export interface LimitMark extends Windows {
  control_id: string;
  mark: bigint;
}

export interface FullBalance {
  /** Position of the limit, from 0. */
  n: number;
  subject: string;
  posted: string;
  pending: string;
}

/**
 * Balances that stand at the marks of their limits or above, the fullest first. Each limit is looked up by itself, from
 * the first to the last of its windows that count, so that those of its past are not read.
 */
export const balancesFrom = (tx: Tx, marks: readonly LimitMark[], most: number): Promise<FullBalance[]> =>
  tx.query(
    `select k.n::int - 1 as n, s.subject, s.posted::text, s.pending::text
      from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::timestamptz[])
             with ordinality k(control_id, mark, first_start, last_start, n),
        lateral (select b.subject, sum(b.posted) as posted, sum(b.pending) as pending from balances b
          where b.tenant_id = current_tenant() and b.control_id = k.control_id and ${within_windows}
          group by b.subject) s
      where s.posted + s.pending >= greatest(k.mark, 1)
      order by (s.posted + s.pending) / greatest(k.mark, 1) desc limit ${most}`,
    [
      marks.map((of) => of.control_id),
      marks.map((of) => of.mark),
      marks.map((of) => of.first_start),
      marks.map((of) => of.last_start),
    ],
  );
