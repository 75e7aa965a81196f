import type { LimitObject, limit_endpoints } from '@aos/core/api/limits.ts';
import { present } from '@aos/core/base/assert.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import { windowAt } from '@aos/core/base/window.ts';
import { refuses } from '@aos/core/policies/action.ts';
import { type Gauge, gaugeOf, isOfRuns, isSingle } from '@aos/core/policies/gauge.ts';
import { countedOver, typeOf } from '@aos/core/policies/limits/index.ts';
import { hasStarted } from '@aos/core/policies/resolve.ts';
import type { Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { cursorAfter, type LimitRow, limitByControl, listLimits, presentBalances } from '../store/limits.ts';
import { orTooMuch, readMany } from '../store/list.ts';
import { openOverrides } from '../store/overrides.ts';
import { bucketsOf } from '../store/usage.ts';
import { found, inTenant } from './change.ts';
import { historyOf } from './limit-history.ts';

/** Subjects that a list shows of each limit, the fullest or of runs the newest; all of them are at its own address. */
const listed_subjects = 10;

export const limit_handlers: Handlers<typeof limit_endpoints> = {
  listLimits: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const at_ms = context.deps.clock.now();
      const { items: rows, ...page } = await listLimits(tx, query);
      const items = await Promise.all(rows.map((row) => stateOf(tx, context, row, at_ms, { limit: listed_subjects })));
      return { items, ...page, generated_at: instantText(at_ms) };
    }),

  getLimitState: ({ params, query }, context) =>
    inTenant(context, async (tx) => {
      const row = found(await limitByControl(tx, params.id), 'limit', '/api/v1/limits');
      return stateOf(tx, context, row, context.deps.clock.now(), query);
    }),

  getLimitHistory: ({ params, query }, context) =>
    inTenant(context, async (tx) => {
      await readMany(tx);
      const row = found(await limitByControl(tx, params.id), 'limit', '/api/v1/limits');
      return historyOf(tx, context, row, query.subject).catch((error: unknown) => {
        throw orTooMuch(error);
      });
    }),
};

interface Shown {
  limit: number;
  cursor?: string | undefined;
  subject?: string | undefined;
}

/** The present state of one limit. */
export async function stateOf(
  tx: Tx,
  { deps }: Context,
  row: LimitRow,
  at_ms: number,
  asked: Shown,
): Promise<LimitObject> {
  const { document, status, version } = row;
  const control = present(document.controls[row.position - 1], 'the control of a limit');
  const limit = present(control.limit, 'the limit of a control');
  const type = typeOf(limit);
  const window = countedOver(limit);
  const is_single = isSingle(limit);
  const fullest = !isOfRuns(limit);
  const balances = await presentBalances(tx, {
    control_id: control.id,
    window,
    at_ms,
    subject: is_single ? '*' : asked.subject,
    fullest,
    cursor: asked.cursor,
    limit: asked.limit + 1,
  });
  const all = is_single && balances.length === 0 ? [{ subject: '*', posted: 0n, pending: 0n }] : balances;
  const exceptions = { control_id: control.id, overrides: await openOverrides(tx) };
  const items = await Promise.all(
    all.slice(0, asked.limit).map(async (balance) => {
      const gauge = gaugeOf(limit, balance, at_ms, exceptions);
      const { since_ms } = window ? windowAt(window, at_ms) : { since_ms: null };
      if (since_ms === null || Number(gauge.remaining) > 0) return gauge;
      const key = { control_id: control.id, subject: balance.subject, since_ms };
      return gaugeOf(limit, balance, at_ms, exceptions, await bucketsOf(tx, key));
    }),
  );
  const empty = gaugeOf(limit, { subject: '*', posted: 0n, pending: 0n }, at_ms, exceptions);
  const is_over = document.expires_at !== undefined && epochMs(document.expires_at) <= at_ms;
  const applies = hasStarted(document, at_ms) && !is_over;
  return {
    id: control.id,
    policy_id: row.policy_id,
    policy_name: document.name,
    policy_version: version,
    status,
    mode: document.mode,
    action: control.action,
    enforced: status === 'active' && document.mode === 'enforce' && refuses(control.action) && applies,
    type: limit.type,
    title: type.title,
    count_per: limit.count_per,
    limit,
    alert_tiers: control.alerts?.enabled ? control.alerts.tiers : [],
    ...((is_single && items[0]) || unknownOf(empty)),
    items,
    next_cursor:
      all.length > asked.limit ? cursorAfter(present(all[asked.limit - 1], 'the last of a page'), fullest) : null,
    generated_at: instantText(at_ms),
    url: consoleUrl(deps.config.public_url, row.policy_id),
  };
}

/** What holds for every subject of a limit that is counted separately: all but the amounts. */
const unknownOf = (gauge: Gauge) => ({
  ...gauge,
  subject: null,
  posted: null,
  pending: null,
  remaining: null,
  burn: null,
  empties_at: null,
});
