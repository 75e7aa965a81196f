import type { Tx } from '../base/database.ts';

/** How runs with calls of certain models or providers are found. */
export interface RunsOfModel {
  /** The runs themselves, when they are few; undefined: not narrowed this way. */
  run_ids: string[] | undefined;
  /** What is asked of each run instead, when most runs pass or nothing is known. */
  probes: ['model' | 'provider', string[]][];
}

/** More calls than this: newest runs are looked through, and one in five hundred of ten million is a hit. */
const few = 20_000;

/** Models that were called rarely lead to their runs; looking through all runs for them would take seconds. */
export async function runsOfModel(
  tx: Tx,
  tenant_id: string,
  { model, provider }: { model?: string[] | undefined; provider?: string[] | undefined },
): Promise<RunsOfModel> {
  const of_provider: RunsOfModel['probes'] = provider === undefined ? [] : [['provider', provider]];
  if (model === undefined) return { run_ids: undefined, probes: of_provider };
  const rows = await tx.query<{ calls: string; run_ids: string[] | null }>(
    `select count(*) as calls, array_agg(distinct x.run_id) as run_ids from (
        select y.run_id from llm_run_records y where y.tenant_id = $1 and y.model = any($2) limit ${few + 1}) x`,
    [tenant_id, model],
  );
  if (Number(rows[0]?.calls ?? 0) > few) return { run_ids: undefined, probes: [['model', model], ...of_provider] };
  return { run_ids: rows[0]?.run_ids ?? [], probes: of_provider };
}
