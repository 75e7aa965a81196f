import {
  type ShadowHit,
  type ShadowState,
  type shadow_endpoints,
  shadow_hit,
  shadow_state,
} from '@aos/core/api/shadow.ts';
import { epochMs } from '@aos/core/base/time.ts';
import { shadowDoubts } from '@aos/core/policies/shadow.ts';
import type { Row, Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { countEvaluated } from '../store/evaluated-read.ts';
import { cursorOf, most_counted, orTooMuch, readMany, totalOf } from '../store/list.ts';
import { type PolicyRow, policyById } from '../store/policies.ts';
import { countHits, findHit, type HitsOf, inShadowSince, listHits, putJudgment } from '../store/shadow-hits.ts';
import { found, inTenant, nowText, record } from './change.ts';
import { pageOf, urlOf, visibleProject } from './read.ts';

export const shadow_handlers: Handlers<typeof shadow_endpoints> = {
  getShadow: ({ params, query }, context) =>
    reading(context, async (tx) => stateOf(tx, context, await existing(tx, params.id), query.is_synthetic)),

  listShadowHits: ({ params, query: { limit, cursor, is_synthetic } }, context) =>
    reading(context, async (tx) => {
      const { id } = await existing(tx, params.id);
      const since = await inShadowSince(tx, id);
      const of = { ...hitsOf(context, id, is_synthetic), from_ms: since === undefined ? 0 : epochMs(since) };
      const slice =
        since === undefined
          ? { rows: [], next_cursor: null, ...totalOf(0) }
          : await listHits(tx, of, { limit, cursor: cursorOf('decision', cursor) });
      return pageOf(context, slice, (row) => hitObject(context, row));
    }),

  judgeShadowHit: ({ params, body: { decision_id, verdict } }, context) =>
    inTenant(context, async (tx) => {
      const { identity } = context;
      const { id } = await existing(tx, params.id);
      const of = hitsOf(context, id, 'all');
      const hit = async () =>
        hitObject(
          context,
          found(
            await findHit(tx, of, decision_id),
            'decision that this policy, in shadow, would have stopped',
            `/api/v1/policies/${id}/shadow/hits`,
          ),
        );
      const before = await hit();
      const at = nowText(context);
      await putJudgment(tx, identity.tenant_id, { policy_id: id, decision_id, verdict, at, by: identity.api_key.id });
      await record(tx, context, {
        ...{ event: 'POLICY_JUDGED', object_type: 'policy', object_id: id, run_id: before.run_id },
        before: before.judgment && { decision_id, verdict: before.judgment.verdict },
        after: { decision_id, verdict },
      });
      return hit();
    }),
};

/** What adds up many rows, and is refused with the reason where they are too many. */
const reading = <T>(context: Context, work: (tx: Tx) => Promise<T>): Promise<T> =>
  inTenant(context, async (tx) => {
    await readMany(tx);
    return work(tx);
  }).catch((error: unknown) => {
    throw orTooMuch(error);
  });

const existing = async (tx: Tx, id: string): Promise<PolicyRow> =>
  found(await policyById(tx, id), 'policy', '/api/v1/policies');

type Synthetic = 'true' | 'false' | 'all' | undefined;

const hitsOf = (context: Context, policy_id: string, asked: Synthetic = 'false'): HitsOf => ({
  policy_id,
  from_ms: null,
  bound_to: visibleProject(context),
  is_synthetic: asked === 'all' ? null : asked === 'true',
});

async function stateOf(tx: Tx, context: Context, policy: PolicyRow, asked: Synthetic): Promise<ShadowState> {
  const { id, document } = policy;
  const since = await inShadowSince(tx, id);
  const common = { policy_id: id, generated_at: nowText(context), url: urlOf(context, id) };
  if (since === undefined) return shadow_state.parse({ ...not_in_shadow, ...common });
  const from_ms = epochMs(since);
  const of = { ...hitsOf(context, id, asked), from_ms };
  const is_known = document.target.when?.tool === undefined;
  const [counts, counted] = await Promise.all([
    countHits(tx, of),
    is_known ? countEvaluated(tx, { ...of, from_ms, target: document.target }) : null,
  ]);
  const in_shadow_ms = Math.max(0, context.deps.clock.now() - from_ms);
  const evaluated = counted && Math.min(counted, most_counted);
  const evaluated_is_exact = counted !== null && counted <= most_counted;
  return shadow_state.parse({
    ...common,
    ...counts,
    ...{ since, in_shadow_ms, evaluated, evaluated_is_exact },
    decided_p95_ms: context.deps.metrics.shadow_decided_ms.quantile(id, 0.95),
    would_stop_share:
      evaluated_is_exact && evaluated && counts.would_stop <= evaluated ? counts.would_stop / evaluated : null,
    doubts: shadowDoubts({ shadow_ms: in_shadow_ms, evaluated, wrong: counts.wrong }),
  });
}

const not_in_shadow = {
  ...{ since: null, in_shadow_ms: null, evaluated: null, evaluated_is_exact: false },
  ...{ would_stop: 0, would_stop_share: null, decided_p95_ms: null, right: 0, wrong: 0, doubts: [] },
};

function hitObject(context: Context, { verdict, judged_at, judged_by, ...row }: Row): ShadowHit {
  const judgment = verdict === null ? null : { verdict, judged_at, judged_by };
  return shadow_hit.parse({ ...row, judgment, url: urlOf(context, row.decision_id) });
}
