import type { BulkBody } from '@aos/core/api/incidents.ts';
import { Problem } from '@aos/core/base/error.ts';
import { instantText } from '@aos/core/base/time.ts';
import { act_rules, type IncidentAct, most_at_once, patchOf } from '@aos/core/incidents/act.ts';
import { incident } from '@aos/core/incidents/incident.ts';
import type { Row, Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { changeIncidents, type IncidentState, lockIncidents } from '../store/incidents.ts';
import { findIncident, incidentsLike } from '../store/incidents-read.ts';
import { scopeOf } from '../store/list-scope.ts';
import { found, inTenant, nowText, recordAll } from './change.ts';
import { urlOf, visibleProject } from './read.ts';

export const visibleIncident = async (tx: Tx, context: Context, id: string): Promise<Row> =>
  found(
    await findIncident(tx, context.identity.tenant_id, id, visibleProject(context)),
    'incident',
    '/api/v1/incidents',
  );

/** Refused when the incident is not in a state that the act begins with. */
export const changeOne = (context: Context, id: string, act: IncidentAct) =>
  inTenant(context, async (tx) => {
    const [before] = await lockIncidents(tx, [id], visibleProject(context));
    const now = found(before, 'incident', '/api/v1/incidents');
    if (!possible(now, act)) throw impossible(now, act);
    await change(tx, context, [now], act);
    const row = await visibleIncident(tx, context, id);
    return incident.parse({ ...row, url: urlOf(context, id) });
  });

/** Incidents that the act is not possible for are left as they are, and named. */
export const changeMany = (context: Context, { ids, like, among, act }: BulkBody) =>
  inTenant(context, async (tx) => {
    const meant =
      like === undefined ? { ids: [...new Set(ids)], total: 0 } : await meantBy(tx, context, { like, among, act });
    const states = await lockIncidents(tx, meant.ids, visibleProject(context));
    if (ids !== undefined && states.length < meant.ids.length) found(undefined, 'incident', '/api/v1/incidents');
    const changing = states.filter((of) => possible(of, act));
    await change(tx, context, changing, act);
    return {
      changed: changing.map(({ id }) => id),
      skipped: states.filter((of) => !possible(of, act)).map(({ id, status }) => ({ id, status })),
      remaining: Math.max(0, meant.total - meant.ids.length),
      acknowledged: changing
        .filter(({ status }) => status === 'acknowledged')
        .map(({ id, acknowledged_until: until, escalates }) => ({ id, until, escalates })),
    };
  });

/** Those of a group that a person has in the list, and that the act is possible for. */
async function meantBy(tx: Tx, context: Context, of: { like: string } & Pick<BulkBody, 'among' | 'act'>) {
  const { like, among, act } = of;
  const { tenant_id } = context.identity;
  await visibleIncident(tx, context, like);
  return incidentsLike(tx, {
    tenant_id,
    id: like,
    scope: await scopeOf(tx, tenant_id, visibleProject(context), among ?? {}),
    among,
    from: act_rules[act.kind].from,
    owner: act.kind === 'assign' ? act.owner : undefined,
    limit: most_at_once,
  });
}

const possible = ({ status }: IncidentState, { kind }: IncidentAct): boolean => act_rules[kind].from.includes(status);

/** Changes incidents that are locked, with a ledger entry for each. */
async function change(tx: Tx, context: Context, before: readonly IncidentState[], act: IncidentAct): Promise<void> {
  const now_ms = context.deps.clock.now();
  const until = (hours: number) => instantText(now_ms + hours * 3_600_000);
  const patch = patchOf(act, context.identity.api_key.id, nowText(context), until);
  const after = new Map(
    (
      await changeIncidents(
        tx,
        before.map(({ id }) => id),
        patch,
      )
    ).map((of) => [of.id, of]),
  );
  const { event } = act_rules[act.kind];
  await recordAll(
    tx,
    context,
    before.map((of) => ({
      event,
      object_type: 'incident',
      object_id: of.id,
      before: of,
      after: after.get(of.id) ?? null,
      reason: act.reason ?? null,
      project_id: of.project_id,
      agent_id: of.agent_id,
      run_id: of.source_run_id,
    })),
  );
}

const impossible = ({ id, status }: IncidentState, { kind }: IncidentAct): Problem =>
  new Problem('conflict', `Incident ${id} cannot be ${act_rules[kind].done}, because it is ${status}.`);
