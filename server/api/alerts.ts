import type { alert_endpoints } from '@aos/core/api/alerts.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Alert } from '@aos/core/policies/alert.ts';
import type { Delivery } from '@aos/core/policies/delivery.ts';
import type { Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { acknowledgeAlert, alertListing, findAlert } from '../store/alerts.ts';
import { deliveryListing, findDelivery, retryDelivery } from '../store/deliveries.ts';
import { cursorOf, readList } from '../store/list.ts';
import { scopeOf } from '../store/list-scope.ts';
import { found, inTenant, nowText, record, shown, shownPage } from './change.ts';
import { channel_handlers } from './channels.ts';
import { visibleProject } from './read.ts';

/** More than an alert has: one for each channel. */
const deliveries_of_alert = 50;

export const alert_handlers: Handlers<typeof alert_endpoints> = {
  ...channel_handlers,

  listAlerts: ({ query: { limit, cursor, ...asked } }, context) =>
    inTenant(context, async (tx) => {
      const { project, is_synthetic, ...narrowed } = asked;
      const { tenant_id } = context.identity;
      const scope = await scopeOf(tx, tenant_id, visibleProject(context), { project, is_synthetic });
      const list = alertListing({ ...narrowed, scope });
      return shownPage<Alert>(context, await readList(tx, list, { limit, cursor: cursorOf('alert', cursor) }));
    }),

  getAlert: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const alert = await seenAlert(tx, context, params.id);
      const list = deliveryListing({ alert_id: alert.id, project_id: null });
      const { rows } = await readList(tx, list, { limit: deliveries_of_alert, cursor: null });
      return {
        ...shown(context, alert),
        deliveries: (rows as unknown as Delivery[]).map((row) => shown(context, row)),
      };
    }),

  acknowledgeAlert: ({ params, body: { reason } }, context) =>
    inTenant(context, async (tx) => {
      const before = await seenAlert(tx, context, params.id);
      const by = context.identity.api_key.id;
      const after = await acknowledgeAlert(tx, { id: before.id, at: nowText(context), by, reason });
      if (!after) throw new Problem('conflict', `The alert ${before.id} has been acknowledged already.`);
      await record(tx, context, {
        event: 'LIMIT_ALERT_ACKNOWLEDGED',
        object_type: 'alert',
        object_id: before.id,
        before: { status: before.status },
        after: { status: after.status },
        reason,
        project_id: before.project_id,
      });
      return shown(context, after);
    }),

  listDeliveries: ({ query: { limit, cursor, ...asked } }, context) =>
    inTenant(context, async (tx) => {
      const list = deliveryListing({ ...asked, project_id: visibleProject(context) });
      return shownPage<Delivery>(context, await readList(tx, list, { limit, cursor: cursorOf('delivery', cursor) }));
    }),

  getDelivery: ({ params }, context) =>
    inTenant(context, async (tx) => shown(context, await seenDelivery(tx, context, params.id))),

  retryDelivery: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const before = await seenDelivery(tx, context, params.id);
      if (!(await retryDelivery(tx, before.id, nowText(context))))
        throw new Problem(
          'conflict',
          before.alert_id === null
            ? `The delivery ${before.id} was a test: POST /api/v1/channels/${before.channel_slug}/test makes another.`
            : `The delivery ${before.id} has arrived: there is nothing to repeat.`,
        );
      const after = await seenDelivery(tx, context, before.id);
      const change = { event: 'SIGNAL_DELIVERY_RETRIED', object_type: 'delivery', object_id: before.id };
      await record(tx, context, { ...change, before: { status: before.status }, after: { status: after.status } });
      return shown(context, after);
    }),
};

const seenAlert = async (tx: Tx, context: Context, id: string): Promise<Alert> =>
  found(await findAlert(tx, id, visibleProject(context)), 'alert', '/api/v1/alerts');

const seenDelivery = async (tx: Tx, context: Context, id: string): Promise<Delivery> =>
  found(await findDelivery(tx, id, visibleProject(context)), 'delivery', '/api/v1/deliveries');
