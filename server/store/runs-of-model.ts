import { namedBy } from '@aos/core/activity/named.ts';
import type { RunsQuery } from '@aos/core/api/activity.ts';
import type { Tx } from '../base/database.ts';
import { Filter, within } from './list.ts';

/** How runs with calls of certain models or providers are found. */
export interface RunsOfModel {
  /** The runs themselves, when they are few; undefined: not narrowed this way. */
  run_ids: string[] | undefined;
  /** What is asked of each run instead, when many pass: whether it has such a call. */
  with_call: CallsOf | undefined;
  /** Whether it has a call of any of these models, or at any of these providers: then it is left out. */
  without_call: CallsOf | undefined;
}

export interface CallsOf {
  model?: string[] | undefined;
  provider?: string[] | undefined;
}

/** With more calls than this, every five-hundredth of ten million runs passes: it is quick to look through the newest. */
const few = 20_000;

export async function runsOfModel(
  tx: Tx,
  tenant_id: string,
  { model, provider, from }: Pick<RunsQuery, 'model' | 'provider' | 'from'>,
): Promise<RunsOfModel> {
  const [models, providers] = [namedBy(model ?? []), namedBy(provider ?? [])];
  const left_out = { model: models.none, provider: providers.none };
  const without_call = isAsked(left_out) ? left_out : undefined;
  const wanted = { model: models.some, provider: providers.some };
  if (!isAsked(wanted)) return { run_ids: undefined, with_call: undefined, without_call };
  const run_ids = await runsOfFew(tx, tenant_id, wanted, from);
  return { run_ids, with_call: run_ids === undefined ? wanted : undefined, without_call };
}

const isAsked = ({ model, provider }: CallsOf) => model !== undefined || provider !== undefined;

/** Models that were called rarely lead to their runs; asking every run for them would take many seconds. */
async function runsOfFew(
  tx: Tx,
  tenant_id: string,
  { model, provider }: CallsOf,
  from: string | undefined,
): Promise<string[] | undefined> {
  const filter = new Filter().where('x.tenant_id = ?', tenant_id);
  filter.among('x.model', model).among('x.provider', provider);
  within(filter, { id: 'x.id', kind: 'record', at: 'x.settled_at' }, from);
  const [counted] = await tx.query<{ calls: string }>(
    `select count(*) as calls from (select from llm_run_records x where ${filter.text} limit ${few + 1}) y`,
    filter.values,
  );
  if (Number(counted?.calls ?? 0) > few) return undefined;
  const rows = await tx.query<{ run_id: string }>(
    `select distinct x.run_id from llm_run_records x where ${filter.text}`,
    filter.values,
  );
  return rows.map(({ run_id }) => run_id);
}
