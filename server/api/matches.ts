import { type match_endpoints, most_evaluated, policy_matches } from '@aos/core/api/matches.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import { keptOutWords } from '@aos/core/policies/kept-out.ts';
import type { Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { countEvaluated, keptOutOf, snapshotsWith, takesSince } from '../store/evaluated-read.ts';
import { isCanceled, limitCount, most_counted, orTooMuch, readMany } from '../store/list.ts';
import { activePolicies, type PolicyRow, policyById } from '../store/policies.ts';
import { found, inTenant, nowText } from './change.ts';
import { urlOf, visibleProject } from './read.ts';

const day_ms = 86_400_000;
/** How far back made-up calls are looked at, as the effects of a policy are. */
const most_told_ms = 30 * day_ms;
/** What remains to be counted after so long is left open: the figures stand beside a list. */
const most_counting_ms = 1_500;

export const match_handlers: Handlers<typeof match_endpoints> = {
  listEvaluated: async ({ query }, context) => {
    const now_ms = context.deps.clock.now();
    const from_ms = now_ms - query.days * day_ms;
    const items = [];
    for (const policy_id of new Set(query.policy_id ?? (await newestInForce(context)))) {
      const is_late = context.deps.clock.now() - now_ms > most_counting_ms;
      const one = await evaluatedOf(context, policy_id, from_ms, query.is_synthetic, is_late);
      if (one) items.push(one);
    }
    return { from: instantText(from_ms), items, generated_at: nowText(context) };
  },

  getMatches: ({ params, query }, context) =>
    inTenant(context, async (tx) => {
      const policy = found(await policyById(tx, params.id), 'policy', '/api/v1/policies');
      const { target } = policy.document;
      const began = await takesSince(tx, policy.id);
      const common = { policy_id: policy.id, generated_at: nowText(context), url: urlOf(context, policy.id) };
      if (began === undefined) return policy_matches.parse({ ...not_in_force, ...common });
      await readMany(tx);
      const from_ms = sinceOf(began.at, policy);
      const seen = seenBy(context, query.is_synthetic);
      const told_ms = context.deps.clock.now() - most_told_ms;
      const told = await toldSince(tx, policy.id, seen.is_synthetic, { from_ms: told_ms, since_ms: from_ms });
      const { calls, matched, by } = await keptOutOf(tx, { target, from_ms, ...seen, ...told });
      return policy_matches.parse({
        ...common,
        ...{ version: began.version, since: instantText(from_ms) },
        calls: Math.min(calls, most_counted),
        calls_is_exact: calls <= most_counted,
        matched: target.when?.tool === undefined ? Math.min(matched, most_counted) : null,
        kept_out: by.sort((a, b) => b.calls - a.calls).map((of) => ({ ...of, words: keptOutWords(of.by, target) })),
      });
    }).catch((error: unknown) => {
      throw orTooMuch(error);
    }),
};

const not_in_force = { version: null, since: null, calls: 0, calls_is_exact: true, matched: null, kept_out: [] };

const newestInForce = (context: Context): Promise<string[]> =>
  inTenant(context, async (tx) => (await activePolicies(tx)).map(({ id }) => id).slice(-most_evaluated));

type Synthetic = 'true' | 'false' | 'all' | undefined;

const seenBy = (context: Context, asked: Synthetic = 'false') => ({
  bound_to: visibleProject(context),
  is_synthetic: asked === 'all' ? null : asked === 'true',
});

/** Which made-up calls of a time before the policy was in force it decided nevertheless. */
async function toldSince(
  tx: Tx,
  policy_id: string,
  is_synthetic: boolean | null,
  { from_ms, since_ms }: { from_ms: number; since_ms: number },
) {
  if (is_synthetic === false || since_ms <= from_ms) return {};
  return { told: { from_ms, snapshots: await snapshotsWith(tx, policy_id) } };
}

/** It takes calls from its start on, where that is later than the version that takes them. */
const sinceOf = (at: string, { document: { start_at = at } }: PolicyRow): number =>
  Math.max(epochMs(at), epochMs(start_at));

/** Of one policy; undefined: it is not in force. Each is counted by itself: one that takes too long costs no other. */
async function evaluatedOf(
  context: Context,
  policy_id: string,
  from_ms: number,
  is_synthetic: Synthetic,
  is_late: boolean,
) {
  const seen = seenBy(context, is_synthetic);
  const began = await inTenant(context, (tx) => takesSince(tx, policy_id));
  if (began === undefined) return undefined;
  const policy = await inTenant(context, (tx) => policyById(tx, policy_id));
  if (policy === undefined) return undefined;
  const since_ms = Math.max(from_ms, sinceOf(began.at, policy));
  const common = { policy_id, since: instantText(since_ms) };
  const count = async (tx: Tx): Promise<number | null> => {
    if (policy.document.target.when?.tool) return null;
    await readMany(tx);
    await limitCount(tx);
    const told = await toldSince(tx, policy_id, seen.is_synthetic, { from_ms, since_ms });
    return countEvaluated(tx, { target: policy.document.target, from_ms: since_ms, ...seen, ...told });
  };
  const n = is_late ? null : await inTenant(context, count).catch(nullWhenTooLong);
  return { ...common, evaluated: n && Math.min(n, most_counted), evaluated_is_exact: n !== null && n <= most_counted };
}

function nullWhenTooLong(error: unknown): null {
  if (isCanceled(error)) return null;
  throw error;
}
