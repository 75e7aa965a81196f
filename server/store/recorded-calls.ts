import { firstSuffixAt } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';
import { call_sums } from './call-sums.ts';
import { Filter } from './list.ts';
import { type PackedColumns, readPacked } from './packed-rows.ts';
import { summedOf } from './sums.ts';

/** Which calls are replayed. */
export interface RecordedScope {
  from_ms: number;
  to_ms: number;
  /** Null: of every project. */
  project_id: string | null;
  include_synthetic: boolean;
  /** What no policy of the replay looks at is not read. */
  left_out?: ReadonlySet<'session' | 'model' | 'tags'> | undefined;
  /** Subjects that the calls must have one of, where the target names them: others would be read in vain. */
  ids?: { column: 'agent_id' | 'actor_id' | 'project_id' | 'api_key_id'; among: string[] } | undefined;
}

/** An id is made right after the instant of its row; clocks of two machines differ by less than this. */
export const id_margin_ms = 60_000;

const who = { run_id: 'run_id', project_id: 'project_id', agent_id: 'agent_id', actor_id: 'actor_id' };
const asker = { ...who, api_key_id: 'api_key_id', session_id: 'session_id' };

/** The columns without those that are left out. */
function read(columns: PackedColumns, { left_out }: RecordedScope): PackedColumns {
  return {
    ...columns,
    ...(left_out?.has('session') && { session_id: null }),
    ...(left_out?.has('model') && { provider: null, model: null }),
    ...(left_out?.has('tags') && { tags: null }),
  };
}

/** Calls that were made, in the order of their ids, after the one with id `after`. */
export function recordedCalls(tx: Tx, scope: RecordedScope, after: string | null, limit: number) {
  const filter = inWindow(scope, { prefix: 'rec', at: 'admitted_at' }, after).always("source <> 'reported'");
  const columns = {
    ...{ id: 'id', ...asker, provider: 'provider', model: 'model', tags: 'tags', tools: null },
    ...estimateIn('estimate'),
    ...{ input_tokens: 'input_tokens', output_tokens: 'output_tokens', cost_usd: 'cost_usd' },
    ...{ usage_source: 'usage_source', admitted_ms: 'admitted_at', settled_ms: 'settled_at' },
  };
  const where = `llm_run_records where tenant_id = current_tenant() and ${filter.text} order by tenant_id, id`;
  return readPacked(tx, read(columns, scope), `${where} limit ${limit}`, filter.values);
}

/** Calls that a policy refused, which nobody knows more of than that they were asked. */
export function refusedCalls(tx: Tx, scope: RecordedScope, after: string | null, limit: number, policy_id: string) {
  const filter = inWindow(scope, { prefix: 'dec', at: 'decided_at' }, after)
    .where('policy_id = ?', policy_id)
    .always(`verdict in ('pause', 'block', 'kill') and call ->> 'kind' = 'llm' and not exists (
      select from llm_run_records r where r.tenant_id = d.tenant_id and r.id = 'rec_' || substr(d.id, 5))`);
  const columns = {
    ...{ id: 'id', ...asker, provider: "call ->> 'provider'", model: "call ->> 'model'", tags: "call -> 'tags'" },
    ...{ tools: "call -> 'tools'", ...estimateIn('estimate'), input_tokens: null, output_tokens: null, cost_usd: null },
    ...{ usage_source: "'refused'", admitted_ms: 'decided_at', settled_ms: 'decided_at' },
  };
  const where = `decisions d where tenant_id = current_tenant() and ${filter.text} order by tenant_id, id`;
  return readPacked(tx, columns, `${where} limit ${limit}`, filter.values);
}

/**
 * Steps that were counted and asked no model here. Who made them stands in their run. What an agent reported of itself
 * says whether it went through the gateway, where it is counted already; what was refused is in its decision.
 */
export function recordedSteps(tx: Tx, scope: RecordedScope, after: string | null, limit: number) {
  const { ids, project_id, ...rest } = scope;
  const filter = inWindow({ ...rest, project_id: null }, { prefix: 'stp', at: 'started_at', alias: 's.' }, after);
  filter.always(`(s.kind <> 'llm' or s.params ->> 'through_gateway' = 'false') and s.status <> 'blocked' and r.mode <> 'reported'
    and (s.params -> 'through_gateway' is null or not exists (select from decisions d
      where d.tenant_id = s.tenant_id and d.id = s.decision_id and d.verdict in ('pause', 'block', 'kill')))`);
  filter.where('r.project_id = ?', project_id ?? undefined);
  if (ids) filter.among(`r.${ids.column}`, ids.among);
  const columns = {
    ...{ id: 's.id', run_id: 's.run_id', project_id: 'r.project_id', agent_id: 'r.agent_id', actor_id: 'r.actor_id' },
    ...{ api_key_id: 'r.api_key_id', session_id: 'r.session_id', provider: null, model: null, tags: 'r.tags' },
    ...{ tools: 'json_build_array(s.skill)', ...estimateIn(null) },
    ...{
      tool_results:
        "case when s.kind = 'tool' and s.params ->> 'through_gateway' is distinct from 'true' then 1 else 0 end",
      input_tokens: null,
      output_tokens: null,
    },
    ...{ cost_usd: null, usage_source: "'step'", admitted_ms: 's.started_at', settled_ms: 's.ended_at' },
  };
  return readPacked(
    tx,
    columns,
    `step_rows s join runs r on r.tenant_id = s.tenant_id and r.id = s.run_id
      where s.tenant_id = current_tenant() and ${filter.text} order by s.tenant_id, s.id limit ${limit}`,
    filter.values,
  );
}

/** What is kept of a bound, a column for each member: reading it as JSON would take longer than all the rest. */
const estimateIn = (column: string | null) => ({
  bound_input: column && `${column} ->> 'input_tokens'`,
  bound_by: column && `${column} ->> 'input_bound'`,
  bound_wanted: column && `${column} -> 'output_tokens' ->> 'wanted'`,
  bound_floor: column && `${column} -> 'output_tokens' ->> 'floor'`,
  choices: column && `${column} ->> 'choices'`,
  tool_results: column && `${column} ->> 'tool_results'`,
  base_pico: column && `${column} -> 'price' ->> 'base_pico'`,
  output_pico: column && `${column} -> 'price' ->> 'output_pico'`,
});

/**
 * How many calls there are to replay, about: those of the window whatever else they are. Where hours are summed up their
 * sums are read: counting a million calls takes the database as long as reading a quarter of them.
 */
export async function countRecorded(tx: Tx, tenant_id: string, scope: RecordedScope): Promise<number> {
  const { ids, from_ms, to_ms } = scope;
  const in_sums = ids === undefined || ids.column === 'agent_id' || ids.column === 'project_id';
  const summed = in_sums ? await summedOf(tx, call_sums, tenant_id) : null;
  const counted_from_ms = Math.min(to_ms, Math.max(from_ms, summed?.hours_until_ms ?? from_ms));
  const before = counted_from_ms > from_ms ? await callsInSums(tx, scope, counted_from_ms) : 0;
  return before + (await countRecords(tx, { ...scope, from_ms: counted_from_ms }));
}

async function callsInSums(tx: Tx, { from_ms, project_id, ids }: RecordedScope, to_ms: number): Promise<number> {
  const filter = new Filter()
    .where('start >= ?', new Date(from_ms).toISOString())
    .where('start < ?', new Date(to_ms).toISOString())
    .where('project_id = ?', project_id ?? undefined);
  if (ids) filter.among(ids.column, ids.among);
  const [row] = await tx.query<{ calls: string | null }>(
    `select sum(calls) as calls from call_sums where tenant_id = current_tenant() and width = 'hour' and ${filter.text}`,
    filter.values,
  );
  return Number(row?.calls ?? 0);
}

async function countRecords(tx: Tx, scope: RecordedScope): Promise<number> {
  const filter = inWindow(scope, { prefix: 'rec', at: 'admitted_at' }, null);
  const [row] = await tx.query<{ calls: string }>(
    `select count(*) as calls from llm_run_records where tenant_id = current_tenant() and ${filter.text}`,
    filter.values,
  );
  return Number(row?.calls ?? 0);
}

function inWindow(
  { from_ms, to_ms, project_id, include_synthetic, ids }: RecordedScope,
  { prefix, at, alias = '' }: { prefix: string; at: string; alias?: string },
  after: string | null,
): Filter {
  const bound = (at_ms: number) => `${prefix}_${firstSuffixAt(Math.max(0, at_ms))}`;
  const filter = new Filter()
    .where(`${alias}id > ?`, after ?? bound(from_ms - id_margin_ms))
    .where(`${alias}id < ?`, bound(to_ms + id_margin_ms))
    .where(`${alias}${at} >= ?`, new Date(from_ms).toISOString())
    .where(`${alias}${at} < ?`, new Date(to_ms).toISOString())
    .where(`${alias}project_id = ?`, project_id ?? undefined);
  if (!include_synthetic) filter.always(`not ${alias}is_synthetic`);
  return ids ? filter.among(`${alias}${ids.column}`, ids.among) : filter;
}

/** Runs that end when one of their calls is refused. */
export async function managedRuns(tx: Tx, { from_ms, to_ms }: RecordedScope): Promise<Set<string>> {
  const longest_run_ms = 31 * 86_400_000;
  const rows = await tx.query<{ id: string }>(
    `select id from runs where tenant_id = current_tenant() and mode = 'managed' and id >= $1 and id < $2`,
    [`run_${firstSuffixAt(Math.max(0, from_ms - longest_run_ms))}`, `run_${firstSuffixAt(to_ms)}`],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Who calls: for each id the names that policies know it by. */
export interface Names {
  projects: Map<string, string>;
  agents: Map<string, string>;
  actors: Map<string, { slug: string; kind: 'human' | 'service' | 'system' }>;
  /** The lineage of each key, and the name of each lineage. */
  lineages: Map<string, string>;
  keys: Map<string, string>;
}

export async function namesOfTenant(tx: Tx): Promise<Names> {
  const [projects, agents, actors, keys] = await Promise.all([
    tx.query<{ id: string; slug: string }>('select id, slug from projects'),
    tx.query<{ id: string; slug: string }>('select id, slug from agents'),
    tx.query<{ id: string; slug: string; kind: 'human' }>('select id, slug, kind from actors'),
    tx.query<{ id: string; lineage_id: string; name: string }>(
      'select id, lineage_id, name from api_keys where tenant_id = current_tenant() order by id',
    ),
  ]);
  return {
    projects: new Map(projects.map(({ id, slug }) => [id, slug])),
    agents: new Map(agents.map(({ id, slug }) => [id, slug])),
    actors: new Map(actors.map(({ id, ...of }) => [id, of])),
    lineages: new Map(keys.map(({ id, lineage_id }) => [id, lineage_id])),
    keys: new Map(keys.map(({ lineage_id, name }) => [lineage_id, name])),
  };
}
