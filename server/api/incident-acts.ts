import type { BulkBody } from '@aos/core/api/incidents.ts';
import { Problem } from '@aos/core/base/error.ts';
import { instantText } from '@aos/core/base/time.ts';
import { act_rules, type IncidentAct, most_at_once, patchOf } from '@aos/core/incidents/act.ts';
import { incident } from '@aos/core/incidents/incident.ts';
import type { Row, Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { changeIncidents, type IncidentState, incidentsLike, lockIncidents } from '../store/incidents.ts';
import { findIncident } from '../store/incidents-read.ts';
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
export const changeMany = (context: Context, { ids, like, act }: BulkBody) =>
  inTenant(context, async (tx) => {
    const bound_to = visibleProject(context);
    if (like !== undefined) await visibleIncident(tx, context, like);
    const { from } = act_rules[act.kind];
    const meant =
      like === undefined
        ? { ids: [...new Set(ids)], total: 0 }
        : await incidentsLike(tx, {
            id: like,
            from,
            owner: act.kind === 'assign' ? act.owner : undefined,
            bound_to,
            limit: most_at_once,
          });
    const states = await lockIncidents(tx, meant.ids, bound_to);
    if (ids !== undefined && states.length < meant.ids.length) found(undefined, 'incident', '/api/v1/incidents');
    const changing = states.filter((of) => possible(of, act));
    await change(tx, context, changing, act);
    return {
      changed: changing.map(({ id }) => id),
      skipped: states.filter((of) => !possible(of, act)).map(({ id, status }) => ({ id, status })),
      remaining: Math.max(0, meant.total - meant.ids.length),
    };
  });

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
