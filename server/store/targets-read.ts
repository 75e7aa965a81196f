import type { NamedKind } from '@aos/core/api/targets.ts';
import { firstSuffixAt } from '@aos/core/base/id.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { Filter, most_counted } from './list.ts';

/** A subject that a target may name. */
export interface KnownTarget {
  id: string;
  value: string;
  name: string;
  hint: string | null;
}

export interface TargetsAsk {
  kind: NamedKind;
  q: string | undefined;
  values: readonly string[] | undefined;
  /** The only project whose objects the caller may see. */
  bound_to: string | null;
  limit: number;
}

/** Those of a kind that are in use, with the project they belong to. Of a chain of keys the latest stands for it. */
const known: Record<NamedKind, string> = {
  agent: `select a.id, a.slug as value, a.name, null as hint, a.project_id from agents a
    where a.tenant_id = current_tenant() and not exists (select from projects p
      where p.tenant_id = a.tenant_id and p.id = a.project_id and p.retired_at is not null)`,
  project: `select id, slug as value, name, null as hint, id as project_id from projects
    where tenant_id = current_tenant() and retired_at is null`,
  api_key: `select distinct on (k.lineage_id) k.lineage_id as id, k.lineage_id as value, k.name, k.hint, k.project_id
    from api_keys k where k.tenant_id = current_tenant() and k.revoked_at is null and k.hash not like 'member:%'
    order by k.lineage_id, k.id desc`,
  actor: `select id, slug as value, name, null as hint, null as project_id from actors
    where tenant_id = current_tenant() and kind = 'human'`,
};

/** Which runs are those of `of.id`. */
const ownRun: Record<NamedKind, string> = {
  agent: 'x.agent_id = of.id',
  project: 'x.project_id = of.id',
  api_key:
    'x.api_key_id in (select k.id from api_keys k where k.tenant_id = current_tenant() and k.lineage_id = of.id)',
  actor: 'x.actor_id = of.id',
};

/** So that what somebody types is text and no pattern. */
const pattern = (text: string): string => `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;

/** What fits, the exact first and then the newest, and how many there are. */
export async function knownTargets(tx: Tx, ask: TargetsAsk): Promise<{ rows: KnownTarget[]; total: number }> {
  const { kind, q, values, bound_to, limit } = ask;
  const filter = new Filter()
    .where('(value = any(?) or id = any(?))', values)
    .where('(value ilike ? or name ilike ?)', q === undefined ? undefined : pattern(q))
    .where('project_id = ?', kind === 'actor' ? undefined : (bound_to ?? undefined));
  const found = `from (${known[kind]}) known where ${filter.text}`;
  const exact = `$${filter.values.length + 1}`;
  const [rows, [counted]] = await Promise.all([
    tx.query<KnownTarget>(
      `select id, value, name, hint ${found} order by value = ${exact} desc, name = ${exact} desc, id desc limit ${limit}`,
      [...filter.values, q ?? ''],
    ),
    tx.query<{ n: number }>(
      `select count(*)::int as n from (select ${found} limit ${most_counted + 1}) counted`,
      filter.values,
    ),
  ]);
  return { rows, total: counted?.n ?? 0 };
}

/** All names of a kind, the newest thousand: to find the one that was meant. */
export async function namesOfKind(tx: Tx, { kind, bound_to }: Pick<TargetsAsk, 'kind' | 'bound_to'>) {
  const filter = new Filter().where('project_id = ?', kind === 'actor' ? undefined : (bound_to ?? undefined));
  const rows = await tx.query<Pick<KnownTarget, 'value' | 'name'>>(
    `select value, name from (${known[kind]}) known where ${filter.text} order by id desc limit 1000`,
    filter.values,
  );
  return rows;
}

export interface TargetUse {
  id: string;
  runs: number;
  cost_usd: string;
  has_unpriced: boolean;
}

/** Synthetic data shows in the project `demo` and nowhere else. */
const shows = `(not x.is_synthetic or x.project_id in (select p.id from projects p
  where p.tenant_id = current_tenant() and p.slug = 'demo'))`;

/** What each of these ran and spent since an instant. What was only reported is not governed, so it does not count. */
export function useOfTargets(
  tx: Tx,
  of: { kind: NamedKind; ids: readonly string[]; from_ms: number },
): Promise<TargetUse[]> {
  const own = ownRun[of.kind];
  const since = (prefix: string) => `x.id >= '${prefix}_' || $2`;
  return tx.query<TargetUse>(
    `select of.id, used.*, exists (select from llm_run_records x where x.tenant_id = current_tenant()
          and ${since('rec')} and x.cost_usd is null and x.source <> 'reported' and ${own} and ${shows}) as has_unpriced
      from unnest($1::text[]) of(id) cross join lateral (
        select count(*)::int as runs, coalesce(sum(x.estimated_cost_usd), 0) as cost_usd from runs x
          where x.tenant_id = current_tenant() and ${since('run')} and x.created_at >= $3
            and x.mode <> 'reported' and ${own} and ${shows}) used`,
    [of.ids, firstSuffixAt(of.from_ms), instantText(of.from_ms)],
  );
}
