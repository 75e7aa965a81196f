import type { exception_endpoints, OverrideObject } from '@aos/core/api/exceptions.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { StoredControl } from '@aos/core/policies/control.ts';
import { isSingle } from '@aos/core/policies/gauge.ts';
import type { LimitOf, LimitType } from '@aos/core/policies/limits/define.ts';
import { limit_schema, typeOf } from '@aos/core/policies/limits/index.ts';
import { type ActiveOverride, longest_override_h, raisedBy, raisedFor } from '@aos/core/policies/override.ts';
import { overrideSentence } from '@aos/core/policies/sentence.ts';
import type { Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { findActor } from '../store/actors.ts';
import { findAgent } from '../store/agents.ts';
import { cursorOf } from '../store/list.ts';
import {
  type Ended,
  endOverride,
  findOverride,
  insertOverride,
  listOverrides,
  type OverrideRow,
  openOverrides,
} from '../store/overrides.ts';
import { type PolicyRow, policiesById, policyById } from '../store/policies.ts';
import { lineagesOf } from '../store/policy-names.ts';
import { findProject } from '../store/projects.ts';
import { found, inControl, inTenant, nowText, record } from './change.ts';
import { urlOf } from './read.ts';

type Names = 'createOverride' | 'listOverrides' | 'listAllOverrides' | 'endOverride';

export const override_handlers: Handlers<Pick<typeof exception_endpoints, Names>> = {
  createOverride: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const policy = await livePolicy(tx, params.id);
      const { control, limit, type } = limitOf(policy, body.control_id);
      const created_at = nowText(context);
      const row: OverrideRow = {
        id: context.deps.makeId('override'),
        policy_id: policy.id,
        control_id: control.id,
        subject: await subjectOf(tx, limit, body.subject),
        amount: body.amount === undefined ? null : amountOf(limit, type, body.amount),
        factor: body.factor ?? null,
        reason: body.reason,
        created_at,
        created_by: context.identity.api_key.id,
        expires_at: endOf(created_at, body, longest_override_h),
        ...not_ended,
      };
      refuseUnusable(row, limit, type);
      await insertOverride(tx, context.identity.tenant_id, row);
      const shown = overrideObject(context, row, policy);
      const before = { policy_id: policy.id, cap: shown.base_cap };
      await keep(
        tx,
        context,
        'LIMIT_OVERRIDDEN',
        row,
        { before, after: { ...row, cap: shown.raised_cap } },
        body.reason,
      );
      return shown;
    }),

  listOverrides: ({ params, query }, context) =>
    inTenant(context, async (tx) => {
      const policy = found(await policyById(tx, params.id), 'policy', '/api/v1/policies');
      return page(tx, context, { ...query, policy_id: policy.id });
    }),

  listAllOverrides: ({ query }, context) => inTenant(context, (tx) => page(tx, context, query)),

  endOverride: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const before = found(await findOverride(tx, params.id), 'override', '/api/v1/overrides');
      const by = context.identity.api_key.id;
      const after = await endOverride(tx, { id: params.id, at: nowText(context), by, reason: body.reason });
      if (!after)
        throw new Problem('conflict', `The override ${params.id} has ended already: there is nothing to end.`);
      await keep(tx, context, 'LIMIT_OVERRIDE_ENDED', after, { before, after }, body.reason);
      return overrideObject(
        context,
        after,
        present(await policyById(tx, after.policy_id), 'the policy of an override'),
      );
    }),
};

/** A raise by an amount on top of what raises the balance at this instant. */
export async function raiseOf(
  tx: Tx,
  policy: PolicyRow,
  of: Pick<OverrideRow, 'id' | 'control_id' | 'subject' | 'reason' | 'created_at' | 'created_by' | 'expires_at'> & {
    amount: number | string;
  },
): Promise<OverrideRow> {
  const { limit, type } = limitOf(policy, of.control_id);
  const asked = { control_id: of.control_id, subject: of.subject ?? '*', limit, type };
  const raised = raisedFor(await openOverrides(tx), asked, epochMs(of.created_at));
  const more = type.cap({ ...limit, max: amountOf(limit, type, of.amount) });
  const amount = String(type.show((raised?.max ?? type.cap(limit)) - type.cap(limit) + more, limit));
  const row = { ...of, policy_id: policy.id, amount, factor: null, ...not_ended };
  refuseUnusable(row, limit, type);
  return row;
}

export const not_ended: Ended = { ended_at: null, ended_by: null, end_reason: null };

/** A policy that may still be in force one day. */
export async function livePolicy(tx: Tx, id: string): Promise<PolicyRow> {
  const policy = found(await policyById(tx, id), 'policy', '/api/v1/policies');
  if (policy.status !== 'retired') return policy;
  throw new Problem('conflict', `Policy ${id} is retired, which is final: there is nothing to make an exception from.`);
}

/**
 * When an exception ends by itself: in the future, and at most `most_h` hours after it was made. By the instant that is
 * kept with it, to the millisecond: the table refuses what lasts longer.
 */
export function endOf(
  created_at: string,
  { expires_at, hours }: { expires_at?: string | undefined; hours?: number | undefined },
  most_h: number,
): string {
  const now_ms = epochMs(created_at);
  const end_ms = expires_at === undefined ? now_ms + Math.floor((hours ?? 0) * 3_600_000) : epochMs(expires_at);
  const latest_ms = now_ms + most_h * 3_600_000;
  const wrong = (why: string) => new Problem('invalid_body', `The body cannot be read: expires_at ${why}.`);
  if (end_ms <= now_ms) throw wrong(`(${instantText(end_ms)}) is not in the future`);
  if (end_ms > latest_ms)
    throw wrong(`must be at most ${most_h} hours from now: ${instantText(latest_ms)} at the latest`);
  return instantText(end_ms);
}

function limitOf({ id, document }: PolicyRow, control_id: string) {
  const control: StoredControl | undefined = document.controls.find((of) => of.id === control_id);
  if (control?.limit) {
    const type = typeOf(control.limit);
    return { control, limit: control.limit, type };
  }
  const limits = document.controls.filter((of) => of.limit).map((of) => `${of.id} (${of.limit?.type})`);
  const why = control ? 'is a rule, which has no amount to raise' : `is no control of policy ${id}`;
  const choices = limits.length > 0 ? `its limits are ${limits.join(', ')}` : 'it has no limits';
  throw new Problem('invalid_body', `The body cannot be read: control_id ${control_id} ${why}; ${choices}.`);
}

/** The amount in the limit's own form, checked as the limit itself would be. */
function amountOf(limit: LimitOf, type: LimitType, amount: number | string): string {
  const parsed = limit_schema.safeParse({ ...limit, max: amount });
  const units = parsed.success ? type.cap(parsed.data) : 0n;
  if (parsed.success && units > 0n) return String(type.show(units, limit));
  const why = parsed.success ? 'must be more than 0: an override only raises' : parsed.error.issues[0]?.message;
  throw new Problem('invalid_body', `The body cannot be read: amount ${why} (the limit counts in ${type.unit}).`);
}

/** A raise that raises nothing, or beyond what the limit can be, is a mistake of the caller. */
function refuseUnusable(of: ActiveOverride, limit: LimitOf, type: LimitType): void {
  const raised = raisedBy(of, limit, type);
  const member = of.factor === null ? 'amount' : 'factor';
  if (raised <= type.cap(limit))
    throw new Problem(
      'invalid_body',
      `The body cannot be read: ${member} leaves the limit at ${type.show(raised, limit)} ${type.unit}: give an amount that raises it.`,
    );
  const { success } = limit_schema.safeParse({ ...limit, max: type.show(raised, limit) });
  if (success) return;
  throw new Problem('invalid_body', `The body cannot be read: ${member} raises the limit beyond what it can be.`);
}

/** The balance that is meant: by the id under which the limit counts, also when its slug was given. */
async function subjectOf(tx: Tx, limit: LimitOf, given: string | undefined): Promise<string | null> {
  if (given === undefined || given === '*') return null;
  if (isSingle(limit))
    throw new Problem(
      'invalid_body',
      'The body cannot be read: subject does not go with a limit that is counted together: leave it out.',
    );
  if (given.includes(' ') || given.startsWith('run_') || given.startsWith('ses_')) return given;
  const id = await subjectId(tx, limit, given);
  if (id !== undefined) return id;
  throw new Problem(
    'invalid_body',
    `The body cannot be read: subject "${given.slice(0, 100)}" is none that this limit counts for. GET /api/v1/limits/{control_id}/state lists them.`,
  );
}

async function subjectId(tx: Tx, { count_per }: LimitOf, given: string): Promise<string | undefined> {
  switch (count_per) {
    case 'agent':
      return (await findAgent(tx, given))?.id;
    case 'actor':
      return (await findActor(tx, given))?.id;
    case 'project':
      return (await findProject(tx, given))?.id;
    case 'api_key':
      return (await lineagesOf(tx, [given])).get(given);
    default:
      return undefined;
  }
}

interface Changed {
  before: object;
  after: object;
}

const keep = (tx: Tx, context: Context, event: string, of: OverrideRow, { before, after }: Changed, reason: string) =>
  record(tx, context, { event, object_type: 'limit', object_id: of.control_id, before, after, reason });

interface Asked {
  policy_id?: string;
  in_force?: boolean | undefined;
  limit: number;
  cursor?: string | undefined;
}

async function page(tx: Tx, context: Context, { policy_id, in_force, limit, cursor }: Asked) {
  const asked = { policy_id, in_force_at: in_force === true ? nowText(context) : undefined };
  const { rows: listed, ...part } = await listOverrides(tx, asked, { limit, cursor: cursorOf('override', cursor) });
  const rows = listed as unknown as OverrideRow[];
  const policies = await policiesById(tx, [...new Set(rows.map((row) => row.policy_id))]);
  const items = rows.map((row) =>
    overrideObject(context, row, present(policies.get(row.policy_id), 'the policy of an override')),
  );
  return { items, ...part, generated_at: nowText(context) };
}

/** How an exception stands at this moment. `is_active`: what it is an exception from is in force. */
export function stateOf({ deps }: Context, of: Ended & { expires_at: string }, is_active: boolean) {
  if (of.ended_by !== null) return 'ended';
  if (epochMs(of.expires_at) <= deps.clock.now()) return 'expired';
  return is_active ? 'in_force' : 'idle';
}

function overrideObject(context: Context, row: OverrideRow, policy: PolicyRow): OverrideObject {
  const limit = policy.document.controls.find((of) => of.id === row.control_id)?.limit;
  const type = limit && typeOf(limit);
  return {
    ...row,
    policy_name: policy.document.name,
    unit: type?.unit ?? null,
    base_cap: limit && type ? type.show(type.cap(limit), limit) : null,
    raised_cap: limit && type ? type.show(raisedBy(row, limit, type), limit) : null,
    state: stateOf(context, row, policy.status === 'active' && limit !== undefined),
    sentence: limit ? overrideSentence(row, limit) : 'The policy has this limit no more: the override raises nothing.',
    url: urlOf(context, policy.id),
  };
}
