import { setTimeout as pause } from 'node:timers/promises';
import { costOf } from '@aos/core/activity/charge.ts';
import type { Receipt, stop_endpoints } from '@aos/core/api/stops.ts';
import { Problem } from '@aos/core/base/error.ts';
import { usdOfNano } from '@aos/core/base/money.ts';
import { type Stop, stop_object } from '@aos/core/policies/stop.ts';
import type { Tx } from '../base/database.ts';
import { killRun } from '../govern/kill.ts';
import { worstUsage } from '../govern/worst-usage.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { findActor } from '../store/actors.ts';
import { findAgent } from '../store/agents.ts';
import { findApiKey } from '../store/api-keys.ts';
import { liveGateways } from '../store/instances.ts';
import { cursorOf } from '../store/list.ts';
import { openRunsIn } from '../store/runs.ts';
import { findRun } from '../store/runs-read.ts';
import {
  type Confirmation,
  confirmationsOf,
  findStop,
  listContainments,
  orderStop,
  releaseStop,
  type StopRow,
} from '../store/stops.ts';
import { heldCallsOf } from '../store/usage.ts';
import { found, inControl, inTenant, nowText, record, shown, shownPage } from './change.ts';
import { refuseReported, urlOf, visibleProject } from './read.ts';

const containments_path = '/api/v1/containments';

export const stop_handlers: Handlers<typeof stop_endpoints> = {
  getInFlight: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const run = await findRun(tx, context.identity.tenant_id, params.id, visibleProject(context));
      found(run, 'run', '/api/v1/runs');
      const inside = await openRunsIn(tx, params.id);
      const calls = await heldCallsOf(tx, [params.id, ...inside]);
      const costs = calls.flatMap((call) => {
        const { charges } = worstUsage(call);
        return charges === null ? [] : costOf(charges);
      });
      return {
        calls: calls.length,
        at_most_usd: usdOfNano(costs.reduce((sum, cost) => sum + cost, 0n)),
        unpriced_calls: calls.length - costs.length,
        runs: inside.length,
      };
    }),

  async killRun({ params, body }, context) {
    const { deps, identity, request_id } = context;
    const stop = await inTenant(context, async (tx) => {
      const run = await findRun(tx, identity.tenant_id, params.id, visibleProject(context));
      refuseReported(found(run, 'run', '/api/v1/runs'));
      return killRun(deps, tx, {
        tenant_id: identity.tenant_id,
        run_id: params.id,
        reason: body.reason,
        status: 'cancelled',
        termination_reason: 'USER_ABORT',
        event: 'RUN_KILLED',
        ordered_by: identity,
        policy_id: null,
        request_id,
      });
    });
    if (!stop) throw new Problem('conflict', `The run ${params.id} has ended already: there is nothing to kill.`);
    return receiptOf(context, stop, urlOf(context, params.id));
  },

  async contain({ body }, context) {
    const stop = await inControl(context, async (tx) => {
      const subject = await subjectOf(tx, context, body);
      const ordered = await orderStop(tx, {
        tenant_id: context.identity.tenant_id,
        id: context.deps.makeId('stop'),
        kind: body.kind,
        subject_id: subject.id,
        name: subject.name,
        reason: body.reason,
        ordered_by: context.identity.api_key.id,
        policy_id: null,
        ordered_at: nowText(context),
      });
      if (!ordered) throw new Problem('conflict', `This ${body.kind} is contained already; GET ${containments_path}.`);
      await keep(tx, context, 'ACCESS_CONTAINED', null, ordered, body.reason);
      return ordered;
    });
    return receiptOf(context, stop, urlOf(context, stop.id));
  },

  listContainments: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const page = { limit: query.limit, cursor: cursorOf('stop', query.cursor) };
      return shownPage<StopRow>(context, await listContainments(tx, query.in_force, page));
    }),

  getContainment: ({ params }, context) =>
    inTenant(context, async (tx) =>
      shown(context, found(await findStop(tx, params.id), 'containment', containments_path)),
    ),

  release: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const before = found(await findStop(tx, params.id), 'containment', containments_path);
      await subjectOf(tx, context, { kind: before.kind, id: before.subject_id });
      const released_by = context.identity.api_key.id;
      const release = { id: params.id, released_by, release_reason: body.reason, released_at: nowText(context) };
      const after = await releaseStop(tx, release);
      if (!after) throw new Problem('conflict', 'This containment was released already.');
      await keep(tx, context, 'ACCESS_RELEASED', before, after, body.reason);
      return shown(context, after);
    }),
};

const keep = (tx: Tx, context: Context, event: string, before: StopRow | null, after: StopRow, reason: string) =>
  record(tx, context, { event, object_type: after.kind, object_id: after.subject_id, before, after, reason });

/** What is to be contained. A key of one project reaches what belongs to that project, and neither actors nor the tenant. */
async function subjectOf(
  tx: Tx,
  context: Context,
  { kind, id }: { kind: Stop['kind']; id?: string | undefined },
): Promise<{ id: string; name: string }> {
  const own = visibleProject(context);
  const inReach = <Row extends { project_id: string | null }>(row: Row | undefined): Row | undefined =>
    own === null || row?.project_id === own ? row : undefined;
  if (kind === 'tenant' || kind === 'actor') refuseProjectKey(own, kind);
  if (kind === 'tenant') return { id: context.identity.tenant_id, name: 'all runs' };
  if (id === undefined) throw new Problem('invalid_body', `The body cannot be read: id is missing. Name the ${kind}.`);
  switch (kind) {
    case 'agent': {
      const agent = found(inReach(await findAgent(tx, id)), 'agent', '/api/v1/agents');
      return { id: agent.id, name: agent.slug };
    }
    case 'actor': {
      const actor = found(await findActor(tx, id), 'actor', '/api/v1/actors');
      return { id: actor.id, name: actor.slug };
    }
    default: {
      const key = found(inReach(await findApiKey(tx, id)), 'key', '/api/v1/api-keys');
      return { id: key.lineage_id, name: key.name };
    }
  }
}

function refuseProjectKey(own: string | null, kind: string): void {
  if (own === null) return;
  throw new Problem('forbidden', `Containing the ${kind} reaches beyond one project: use a key of the whole tenant.`);
}

/** How long the answer waits for processes to confirm; what is missing then is said. */
const confirmed_within_ms = 2_000;
const asked_every_ms = 10;

/** Waits until every process with a gateway has said that it ended what the stop concerns. */
async function receiptOf(context: Context, { tenant_id: _, ...stop }: StopRow, url: string): Promise<Receipt> {
  const { clock } = context.deps;
  const until_ms = clock.monotonic() + confirmed_within_ms;
  for (;;) {
    const [asked, confirmations] = await inTenant(context, (tx) =>
      Promise.all([liveGateways(tx), confirmationsOf(tx, stop.id)]),
    );
    const complete = asked.every((id) => confirmations.some((of) => of.instance_id === id));
    if (complete || clock.monotonic() >= until_ms) return receipt(context, stop, url, asked, confirmations, complete);
    await pause(asked_every_ms);
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function receipt(
  context: Context,
  stop: Stop,
  url: string,
  asked: string[],
  confirmations: Confirmation[],
  complete: boolean,
): Receipt {
  const sum = (part: (of: Confirmation) => number) => confirmations.reduce((all, of) => all + part(of), 0);
  const calls_aborted = sum((of) => of.calls_aborted);
  const streams_cut = sum((of) => of.streams_cut);
  const confirmed = asked.filter((id) => confirmations.some((of) => of.instance_id === id)).length;
  const done = `${counted(streams_cut, 'stream')} cut, ${counted(calls_aborted, 'call')} aborted, later calls are refused.`;
  const unknown = ' Whether the program of the agent has stopped is not known here.';
  const missing = `${confirmed} of ${asked.length} processes confirmed: those missing admit no call, but one they had admitted before may still run.`;
  return {
    id: stop.id,
    stop: stop_object.parse(stop),
    acknowledged_at: nowText(context),
    calls_denied: true,
    calls_aborted,
    streams_cut,
    processes_asked: asked.length,
    processes_confirmed: confirmed,
    process_confirmed: null,
    complete,
    message: `${complete ? done : `${done} ${missing}`}${unknown}`,
    url,
  };
}
