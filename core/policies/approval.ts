import { z } from 'zod';
import type { Asker } from '../activity/call.ts';
import { idOf } from '../base/id.ts';
import { epochMs, instant } from '../base/time.ts';
import { windowAt } from '../base/window.ts';
import type { LimitOf } from './limits/define.ts';
import { countedOver, typeOf } from './limits/index.ts';
import { balanceOf } from './reserve.ts';
import type { Matched } from './resolve.ts';

export const approval_statuses = ['pending', 'approved', 'denied', 'timed_out', 'withdrawn'] as const;

const amount = z.union([z.number(), z.string()]).nullable();

/**
 * A question to a person: calls wait because a control with the action `pause` fired. The columns of `approvals`, and
 * when its run ended.
 */
export const approval_object = z
  .object({
    id: idOf('approval'),
    status: z.enum(approval_statuses),
    policy_id: idOf('policy'),
    policy_name: z.string(),
    policy_version: z.int(),
    control_id: idOf('control'),
    subject: z.string().meta({ description: 'Whose balance is spent; for a rule the run' }),
    run_id: idOf('run').meta({ description: 'The run whose call asked first' }),
    run_ended_at: instant.nullable().meta({ description: 'When that run ended: nothing of it waits any more' }),
    project_id: idOf('project'),
    agent_id: idOf('agent').nullable(),
    actor_id: idOf('actor').nullable(),
    api_key_id: idOf('api_key'),
    question: z.string(),
    unit: z.string().nullable(),
    limit_value: amount,
    used: amount,
    requested: amount,
    ask: z
      .array(z.string())
      .meta({ description: 'Roles or actors who may decide; empty: everybody with the right to' }),
    on_timeout: z.enum(['block', 'continue']),
    created_at: instant,
    expires_at: instant.meta({ description: 'When on_timeout decides' }),
    valid_until: instant.meta({ description: 'How long what was decided holds' }),
    decided_at: instant.nullable(),
    decided_by: z.string().nullable().meta({ description: 'The key that decided; null: time did' }),
    decision_reason: z.string().nullable(),
    override_id: idOf('override').nullable().meta({ description: 'The one-time raise that was granted' }),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof approval_object>;

/** What a question means for later calls: the part of it that decides. */
export type Ruling = Pick<
  Approval,
  'id' | 'status' | 'control_id' | 'subject' | 'run_id' | 'on_timeout' | 'expires_at' | 'valid_until' | 'override_id'
>;

/** Longest validity of a decision about something that has no window of its own, beyond the time to decide. */
const lasts_ms = 86_400_000;

/** Whose question it is: the balance of a limit, the run for a rule. */
export const subjectAsked = (
  control: { id: string; limit?: LimitOf | undefined },
  asker: Asker,
  at_ms: number,
): string => (control.limit ? balanceOf(control.id, control.limit, asker, at_ms).key.subject : asker.run_id);

/** Until when a question can be answered, and until when the answer holds: never beyond the window of the limit. */
export function timesOf(
  limit: LimitOf | undefined,
  timeout_seconds: number,
  at_ms: number,
): { expires_ms: number; valid_until_ms: number } {
  const window = limit && countedOver(limit);
  const ends_ms = (window && windowAt(window, at_ms).end_ms) ?? Infinity;
  const expires_ms = Math.min(at_ms + timeout_seconds * 1000, ends_ms);
  return { expires_ms, valid_until_ms: Math.min(at_ms + timeout_seconds * 1000 + lasts_ms, ends_ms) };
}

/** What was decided about a question by this instant; null: nothing that changes the control. */
function ruledAction(of: Ruling, at_ms: number): 'continue' | 'block' | null {
  if (epochMs(of.valid_until) <= at_ms) return null;
  switch (of.status) {
    case 'approved':
      // A raise speaks for itself: the limit has room, and pauses again when that is spent.
      return of.override_id === null ? 'continue' : null;
    case 'denied':
      return 'block';
    case 'withdrawn':
      return null;
    default:
      return of.status === 'timed_out' || epochMs(of.expires_at) <= at_ms ? of.on_timeout : null;
  }
}

const by_people: ReadonlySet<Approval['status']> = new Set(['approved', 'denied']);

/** What is in flight has room again when others end: that nobody answered one run in time says nothing to the next. */
const comesAndGoes = (limit: LimitOf | undefined): boolean =>
  limit !== undefined && typeOf(limit).windows.some((window) => window === 'now');

/** Controls that pause as people, or the time they let pass, have decided about this caller. */
export function ruled(matched: Matched[], rulings: readonly Ruling[], asker: Asker, at_ms: number): Matched[] {
  if (rulings.length === 0) return matched;
  return matched.map((of) => {
    if (of.control.action !== 'pause') return of;
    const subject = subjectAsked(of.control, asker, at_ms);
    for (const ruling of rulings) {
      if (ruling.control_id !== of.control.id || ruling.subject !== subject) continue;
      const of_everybody = by_people.has(ruling.status) || !comesAndGoes(of.control.limit);
      if (!of_everybody && ruling.run_id !== asker.run_id) continue;
      const action = ruledAction(ruling, at_ms);
      if (action) return { ...of, control: { ...of.control, action }, ruled_by: ruling.id };
    }
    return of;
  });
}
