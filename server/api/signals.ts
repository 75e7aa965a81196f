import { most_unresolved, signal } from '@aos/core/activity/signal.ts';
import { lastDayAt } from '@aos/core/activity/signal-look.ts';
import { signal_types } from '@aos/core/activity/signals/index.ts';
import type { signal_endpoints } from '@aos/core/api/signals.ts';
import { Problem } from '@aos/core/base/error.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Row } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { cursorOf, readList } from '../store/list.ts';
import { scopeOf } from '../store/list-scope.ts';
import { actOnSignal, findSignal, fullTypes, lockSignal, type SignalAct, signalListing } from '../store/signals.ts';
import { found, inTenant, nowText, record } from './change.ts';
import { pageOf, urlOf, visibleProject } from './read.ts';

const path = '/api/v1/activity/signals';

const watching = signal_types.map(({ type, title, watches, template }) => ({ type, title, watches, template }));

export const signal_handlers: Handlers<typeof signal_endpoints> = {
  listSignals: ({ query: { limit, cursor, ...asked } }, context) =>
    inTenant(context, async (tx) => {
      const scope = await scopeOf(tx, context.identity.tenant_id, visibleProject(context), asked);
      const page = { limit, cursor: cursorOf('signal', cursor) };
      const slice = await readList(tx, signalListing(scope, asked), page);
      const full = await fullTypes(tx, most_unresolved);
      return {
        ...pageOf(context, slice, (row) => shown(context, row)),
        watching: watching.map((of) => ({ ...of, is_full: full.has(of.type) })),
      };
    }),

  getSignal: ({ params }, context) =>
    inTenant(context, async (tx) =>
      shown(context, found(await findSignal(tx, params.id, visibleProject(context)), 'signal', path)),
    ),

  acknowledgeSignal: ({ params, body }, context) =>
    act(context, params.id, 'SIGNAL_ACKNOWLEDGED', {
      ...{ status: 'acknowledged', suppressed_until: null, escalates: null, act_reason: body.reason ?? null },
    }),

  suppressSignal: ({ params, body }, context) =>
    act(context, params.id, 'SIGNAL_SUPPRESSED', {
      status: 'suppressed',
      suppressed_until: instantText(context.deps.clock.now() + body.hours * 3_600_000),
      escalates: body.escalates ?? null,
      act_reason: body.reason,
    }),
};

/** Changes a signal that is not resolved, with its entry in the ledger. To acknowledge twice is a conflict. */
const act = (context: Context, id: string, event: string, done: Omit<SignalAct, 'acted_at' | 'acted_by'>) =>
  inTenant(context, async (tx) => {
    const before = found(await lockSignal(tx, id, visibleProject(context)), 'signal', path);
    if (before.status === 'resolved' || (before.status === 'acknowledged' && done.status === 'acknowledged'))
      throw new Problem('conflict', `Signal ${id} cannot be ${done.status}, because it is ${before.status}.`);
    await actOnSignal(tx, id, { ...done, acted_at: nowText(context), acted_by: context.identity.api_key.id });
    const { project_id, agent_id, run_id } = before as Record<'project_id' | 'agent_id' | 'run_id', string | null>;
    await record(tx, context, {
      event,
      object_type: 'signal',
      object_id: id,
      before,
      after: { ...before, ...done },
      reason: done.act_reason,
      ...{ project_id, agent_id, run_id },
    });
    return shown(context, found(await findSignal(tx, id, visibleProject(context)), 'signal', path));
  });

const shown = (context: Context, row: Row) =>
  signal.parse({
    ...row,
    last_day: lastDayAt(row.last_day as number[], epochMs(String(row.last_seen_at)), context.deps.clock.now()),
    url: urlOf(context, row.id),
  });
