import { type TargetOption, type TargetsQuery, type target_endpoints, target_option } from '@aos/core/api/targets.ts';
import { nearest } from '@aos/core/base/nearest.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { isCanceled, limitTime, readMany, totalOf } from '../store/list.ts';
import { type KnownTarget, knownTargets, namesOfKind, type TargetUse, useOfTargets } from '../store/targets-read.ts';
import { inTenant, nowText } from './change.ts';
import { visibleProject } from './read.ts';

const week_ms = 7 * 86_400_000;

export const target_handlers: Handlers<typeof target_endpoints> = {
  listTargets: async ({ query }, context) => {
    const from_ms = context.deps.clock.now() - week_ms;
    const { rows, total, unknown } = await inTenant(context, (tx) => namesFor(tx, context, query));
    const used = await usedSince(context, query, rows, from_ms);
    return {
      items: rows.map((row) => optionOf(row, used)).sort(busiest),
      ...totalOf(total),
      unknown,
      from: instantText(from_ms),
      generated_at: nowText(context),
    };
  },
};

async function namesFor(tx: Tx, context: Context, { kind, q, value, limit }: TargetsQuery) {
  const ask = { kind, q, values: value, limit, bound_to: visibleProject(context) };
  const found = await knownTargets(tx, ask);
  const isKnown = (text: string) => found.rows.some((row) => [row.id, row.value].includes(text));
  const strange = [...(value ?? []).filter((text) => !isKnown(text)), ...(q && found.total === 0 ? [q] : [])];
  const names = strange.length > 0 ? await namesOfKind(tx, ask) : [];
  const unknown = strange.map((text) => ({ text, nearest: meant(text, names) }));
  return { ...found, unknown };
}

/** By the value or by the name, but what is answered is the value. */
function meant(text: string, names: readonly Pick<KnownTarget, 'value' | 'name'>[]): string | null {
  const near = nearest(
    text,
    names.flatMap(({ value, name }) => [value, name]),
  );
  return names.find(({ value, name }) => value === near || name === near)?.value ?? null;
}

/** What they ran and spent; null where that cannot be added up in time. The names are worth more than the figures. */
async function usedSince(
  context: Context,
  { kind }: TargetsQuery,
  rows: readonly KnownTarget[],
  from_ms: number,
): Promise<Map<string, TargetUse> | null> {
  try {
    return await inTenant(context, async (tx) => {
      await readMany(tx);
      await limitTime(tx);
      const used = await useOfTargets(tx, { kind, ids: rows.map(({ id }) => id), from_ms });
      return new Map(used.map((of) => [of.id, of]));
    });
  } catch (error) {
    if (isCanceled(error)) return null;
    throw error;
  }
}

function optionOf({ id, value, name, hint }: KnownTarget, used: Map<string, TargetUse> | null): TargetOption {
  const of = used?.get(id);
  return target_option.parse({
    ...{ value, name, hint },
    runs: of?.runs ?? null,
    cost_usd: of?.cost_usd ?? null,
    has_unpriced: of?.has_unpriced ?? false,
  });
}

const busiest = (a: TargetOption, b: TargetOption): number => (b.runs ?? 0) - (a.runs ?? 0);
