import type { pause_endpoints } from '@aos/core/api/pauses.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Approval } from '@aos/core/policies/approval.ts';
import { longest_override_h } from '@aos/core/policies/override.ts';
import type { Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { findActor } from '../store/actors.ts';
import { decideApproval, findApproval, listApprovals } from '../store/approvals.ts';
import { cursorOf } from '../store/list.ts';
import { insertOverride } from '../store/overrides.ts';
import { pauseRun, resumeRun } from '../store/pauses.ts';
import { policyById } from '../store/policies.ts';
import { findRun } from '../store/runs-read.ts';
import { found, inControl, inTenant, nowText, record, shown, shownPage } from './change.ts';
import { raiseOf } from './overrides.ts';
import { refuseReported, urlOf, visibleProject } from './read.ts';

const approvals_path = '/api/v1/approvals';

export const pause_handlers: Handlers<typeof pause_endpoints> = {
  pauseRun: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      await seenRun(tx, context, params.id);
      const at = nowText(context);
      const of = { tenant_id: context.identity.tenant_id, id: context.deps.makeId('pause'), run_id: params.id };
      const paused = await pauseRun(tx, { ...of, reason: body.reason, at, by: context.identity.api_key.id });
      if (!paused) throw new Problem('conflict', `The run ${params.id} has ended or is paused already.`);
      await keepHold(tx, context, 'RUN_PAUSED', params.id, body.reason, paused.project_id);
      return { id: params.id, hold: 'paused', at, reason: body.reason, url: urlOf(context, params.id) };
    }),

  resumeRun: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      await seenRun(tx, context, params.id);
      const at = nowText(context);
      const resumed = await resumeRun(tx, {
        run_id: params.id,
        reason: body.reason,
        at,
        by: context.identity.api_key.id,
      });
      if (!resumed) throw new Problem('conflict', `The run ${params.id} is not paused: there is nothing to resume.`);
      await keepHold(tx, context, 'RUN_RESUMED', params.id, body.reason, resumed.project_id);
      return { id: params.id, hold: 'none', at, reason: body.reason, url: urlOf(context, params.id) };
    }),

  listApprovals: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const of = { status: query.status, run_id: query.run_id, project_id: visibleProject(context) };
      const page = { limit: query.limit, cursor: cursorOf('approval', query.cursor) };
      return shownPage<Approval>(context, await listApprovals(tx, of, page));
    }),

  getApproval: ({ params }, context) =>
    inTenant(context, async (tx) => shown(context, await seenApproval(tx, context, params.id))),

  approve: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const approval = await seenApproval(tx, context, params.id);
      await refuseOthers(tx, context, approval);
      const override_id =
        body.top_up === undefined ? null : await topUp(tx, context, approval, body.top_up, body.reason);
      return decide(tx, context, approval, { status: 'approved', override_id, reason: body.reason });
    }),

  deny: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const approval = await seenApproval(tx, context, params.id);
      await refuseOthers(tx, context, approval);
      return decide(tx, context, approval, { status: 'denied', override_id: null, reason: body.reason });
    }),
};

async function seenRun(tx: Tx, context: Context, id: string): Promise<void> {
  refuseReported(
    found(await findRun(tx, context.identity.tenant_id, id, visibleProject(context)), 'run', '/api/v1/runs'),
  );
}

const seenApproval = async (tx: Tx, context: Context, id: string): Promise<Approval> =>
  found(await findApproval(tx, id, visibleProject(context)), 'approval', approvals_path);

/** Whom the control asks: roles, or actors that the key is bound to. Asking nobody in particular asks all who may. */
async function refuseOthers(tx: Tx, { identity }: Context, { ask }: Approval): Promise<void> {
  if (ask.length === 0 || ask.includes(identity.role)) return;
  for (const name of ask) {
    const actor = await findActor(tx, name);
    if (actor && identity.actor_ids.includes(actor.id)) return;
  }
  throw new Problem('forbidden', `This question is for ${ask.join(', ')}: this key is none of them.`);
}

/** A raise of the limit for this balance, until its window ends. */
async function topUp(
  tx: Tx,
  context: Context,
  approval: Approval,
  amount: number | string,
  reason: string,
): Promise<string> {
  const policy = present(await policyById(tx, approval.policy_id), 'the policy of an approval');
  const created_at = nowText(context);
  const latest_ms = epochMs(created_at) + longest_override_h * 3_600_000;
  const row = await raiseOf(tx, policy, {
    id: context.deps.makeId('override'),
    control_id: approval.control_id,
    subject: approval.subject === '*' ? null : approval.subject,
    amount,
    reason,
    created_at,
    created_by: context.identity.api_key.id,
    expires_at: instantText(Math.min(latest_ms, epochMs(approval.valid_until))),
  });
  await insertOverride(tx, context.identity.tenant_id, row);
  const after = { ...row, approval_id: approval.id };
  await record(tx, context, {
    event: 'LIMIT_OVERRIDDEN',
    object_type: 'limit',
    object_id: approval.control_id,
    before: null,
    after,
    reason,
    project_id: approval.project_id,
  });
  return row.id;
}

async function decide(
  tx: Tx,
  context: Context,
  before: Approval,
  of: { status: 'approved' | 'denied'; override_id: string | null; reason: string },
) {
  const by = context.identity.api_key.id;
  const after = await decideApproval(tx, { ...of, id: before.id, at: nowText(context), by });
  if (!after)
    throw new Problem('conflict', `The question ${before.id} is ${before.status}: its time to decide is over.`);
  await record(tx, context, {
    event: of.status === 'approved' ? 'LIMIT_APPROVED' : 'LIMIT_DENIED',
    object_type: 'approval',
    object_id: before.id,
    before,
    after,
    reason: of.reason,
    project_id: before.project_id,
  });
  return shown(context, after);
}

const keepHold = (tx: Tx, context: Context, event: string, run_id: string, reason: string, project_id: string) =>
  record(tx, context, {
    event,
    object_type: 'run',
    object_id: run_id,
    before: { hold: event === 'RUN_PAUSED' ? 'none' : 'paused' },
    after: { hold: event === 'RUN_PAUSED' ? 'paused' : 'none' },
    reason,
    project_id,
  });
