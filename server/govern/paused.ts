import { present } from '@aos/core/base/assert.ts';
import { instantText } from '@aos/core/base/time.ts';
import { subjectAsked, timesOf } from '@aos/core/policies/approval.ts';
import type { Contribution, Decision } from '@aos/core/policies/decide.ts';
import { default_pause, type Pause } from '@aos/core/policies/pause.ts';
import { by_person, shutdownDecision } from '@aos/core/policies/stop.ts';
import type { Deps } from '../base/deps.ts';
import { askApproval } from '../store/approvals.ts';
import { closeGate } from '../store/gate.ts';
import { appendToLedger } from '../store/ledger.ts';
import { controlNamed } from './control.ts';
import type { Govern } from './govern.ts';
import type { Ticket } from './ticket.ts';

/**
 * Lets a paused call wait for room, and asks a person. `again` decides it anew; what it answers is the decision that
 * counts, be it still a pause when the time to wait is over.
 */
export async function waitForRoom(govern: Govern, paused: Ticket, again: () => Promise<Ticket>): Promise<Ticket> {
  const cause = present(paused.decision.deciding, 'what paused a call');
  const { asker } = paused.call;
  const settings = cause.type === by_person ? default_pause : await askPerson(govern, paused, cause);
  // A run does not wait here: it is held, and its worker does something else.
  if (paused.asked.planned) return paused;
  const room = cause.type === by_person ? asker.run_id : `${cause.control_id} ${cause.subject ?? asker.run_id}`;
  const place = govern.waiting.enter(asker.tenant_id, room, asker.api_key.lineage_id);
  if (!place) return paused;
  const entered_ms = govern.clock.monotonic();
  const until_ms = entered_ms + settings.wait_seconds * 1000;
  let latest = paused;
  try {
    for (;;) {
      const next = await place.next(until_ms, paused.asked.gone);
      // It holds nothing and has sent nothing: elsewhere, or later, it can be asked for anew.
      if (next === 'stopping') return { ...latest, decision: shutdownDecision(govern.config.drain_ms) };
      if (next !== 'turn') break;
      latest = await again();
      if (latest.decision.verdict !== 'pause') break;
      // The question it waits by may have been closed with the run that asked it first.
      await askIfPaused(govern, latest, latest.decision);
    }
  } finally {
    place.leave();
    // The wait was asked for: it is no time that governance took.
    paused.asked.begun_ms += govern.clock.monotonic() - entered_ms;
  }
  return latest;
}

/** Whose wait a person is asked about. */
type Waits = Pick<Ticket, 'call' | 'control'> & { asked: { request_id: string } };

/** Asks a person, where a limit pauses, and not a person. */
export async function askIfPaused(
  govern: Deps,
  waits: Waits,
  { verdict, deciding }: Pick<Decision, 'verdict' | 'deciding'>,
): Promise<void> {
  if (verdict === 'pause' && deciding && deciding.type !== by_person) await askPerson(govern, waits, deciding);
}

/** Opens the question to a person unless it is open, and answers how the control wants its calls to wait. */
async function askPerson(
  govern: Deps,
  { call, asked: { request_id }, control: state }: Waits,
  cause: Contribution,
): Promise<Pause> {
  const { asker } = call;
  const control = present(controlNamed(state, cause), 'the control that paused a call');
  const settings: Pause = control.pause ?? default_pause;
  const at_ms = govern.clock.now();
  const subject = subjectAsked(control, asker, at_ms);
  if (state.rulings.some((of) => of.control_id === control.id && of.subject === subject && of.status === 'pending'))
    return settings;
  const { expires_ms, valid_until_ms } = timesOf(control.limit, settings.timeout_seconds, at_ms);
  const at = instantText(at_ms);
  await govern.db.tenant(asker.tenant_id, async (tx) => {
    await closeGate(tx, asker.tenant_id);
    const approval = await askApproval(tx, asker.tenant_id, {
      id: govern.makeId('approval'),
      policy_id: cause.policy_id,
      policy_name: cause.policy_name,
      policy_version: cause.policy_version,
      control_id: control.id,
      subject,
      run_id: asker.run_id,
      project_id: asker.project.id,
      agent_id: asker.agent?.id ?? null,
      actor_id: asker.actor?.id ?? null,
      api_key_id: asker.api_key.id,
      question: cause.reason,
      unit: cause.unit,
      limit_value: cause.limit,
      used: cause.used,
      requested: cause.requested,
      ask: settings.ask,
      on_timeout: settings.on_timeout,
      created_at: at,
      expires_at: instantText(expires_ms),
      valid_until: instantText(valid_until_ms),
    });
    if (!approval) return;
    await appendToLedger(tx, asker.tenant_id, [
      {
        id: govern.makeId('event'),
        event: 'LIMIT_APPROVAL_ASKED',
        actor_type: 'system',
        actor_id: cause.policy_id,
        object_type: 'approval',
        object_id: approval.id,
        api_key_id: asker.api_key.id,
        agent_id: asker.agent?.id ?? null,
        project_id: asker.project.id,
        run_id: asker.run_id,
        before: null,
        after: { control_id: control.id, subject, expires_at: approval.expires_at, on_timeout: settings.on_timeout },
        reason: cause.reason,
        request_id,
        occurred_at: at,
      },
    ]);
  });
  return settings;
}
