import { mayDo, roles } from '@aos/core/access/permission.ts';
import { present } from '@aos/core/base/assert.ts';
import type { StoredControl } from '@aos/core/policies/control.ts';
import { type Exposure, exposure_days } from '@aos/core/policies/exposure.ts';
import { countedOver, typeOf } from '@aos/core/policies/limits/index.ts';
import { type ActiveOverride, raisedFor } from '@aos/core/policies/override.ts';
import type { StoredDocument } from '@aos/core/policies/policy.ts';
import { hasShortWindow } from '@aos/core/policies/short-window.ts';
import type { Caller, Target } from '@aos/core/policies/target.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { findApiKey } from '../store/api-keys.ts';
import { callingKeys, recentCallers, typicalRunMs } from '../store/callers.ts';
import { presentBalances } from '../store/limits.ts';
import { openOverrides } from '../store/overrides.ts';
import { actorsNamed } from '../store/policy-names.ts';
import { nowText } from './change.ts';
import { visibleProject } from './read.ts';

const day_ms = 86_400_000;

const lately = (context: Context) => ({
  from_ms: context.deps.clock.now() - exposure_days * day_ms,
  bound_to: visibleProject(context),
});

/** Who called lately for what a target names. */
export const callersFor = (tx: Tx, context: Context, target: Target): Promise<Caller[]> =>
  recentCallers(tx, target, lately(context));

/** What is known of the calls that a policy is about; `seen`: who made such calls lately. */
export async function exposureOf(
  tx: Tx,
  context: Context,
  document: StoredDocument,
  seen: readonly Caller[],
): Promise<Exposure> {
  const own = visibleProject(context);
  const projects = new Map(seen.map(({ project }) => [project.id, project.slug]));
  const calling = roles.filter((role) => mayDo(role, 'call'));
  const project_ids = own === null ? [...projects.keys()] : [own];
  const keys = await callingKeys(tx, { roles: calling, project_ids, at: nowText(context) });
  return {
    keys: { ...keys, projects: [...projects.values()].sort() },
    is_called: seen.length > 0,
    typical_run_ms: hasShortWindow(document) ? await typicalRunMs(tx, document.target, lately(context)) : null,
    used: await usedOf(tx, context, document.controls),
    writer: await writerIn(tx, context, document.target),
  };
}

/** Balances of one control among which the fullest is looked for. */
const most_balances = 200;

/** The fullest balance of each limit that has one. */
async function usedOf(tx: Tx, { deps }: Context, controls: readonly StoredControl[]): Promise<Exposure['used']> {
  const at_ms = deps.clock.now();
  const used = new Map<number, { amount: bigint; cap: bigint; subject: string }>();
  const overrides: ActiveOverride[] = await openOverrides(tx);
  for (const [n, { id, limit }] of controls.entries()) {
    if (!limit) continue;
    const type = typeOf(limit);
    const ask = { control_id: id, window: countedOver(limit), at_ms, limit: most_balances };
    const balances = (await presentBalances(tx, ask)).map(({ subject, posted, pending }) => {
      const raised = raisedFor(overrides, { control_id: id, subject, limit, type }, at_ms);
      return { subject, amount: posted + pending, cap: raised?.max ?? type.cap(limit) };
    });
    const [fullest] = balances.sort((a, b) => Number(b.amount - b.cap - (a.amount - a.cap)));
    if (fullest) used.set(n, fullest);
  }
  return used;
}

/** The key that asks, and the actors that it is bound to, as far as the target names them. */
async function writerIn(tx: Tx, { identity }: Context, { kind, ids }: Target): Promise<Exposure['writer']> {
  if (kind === 'api_key' && ids.includes(identity.api_key.lineage_id)) {
    const key = present(await findApiKey(tx, identity.api_key.id), 'the key that asks');
    return { key: key.name, actors: [] };
  }
  if (kind !== 'actor' || identity.actor_ids.length === 0) return { key: null, actors: [] };
  const named = await actorsNamed(tx, ids);
  return { key: null, actors: identity.actor_ids.flatMap((id) => named.get(id) ?? []) };
}
