import { look_every_ms, most_unresolved as most } from '@aos/core/activity/signal.ts';
import { type Changes, changesOf, countedAt, heals_after_ms, type Observed } from '@aos/core/activity/signal-look.ts';
import { signal_types } from '@aos/core/activity/signals/index.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import type { Govern } from '../govern/govern.ts';
import { appendToLedger, type LedgerEntry } from '../store/ledger.ts';
import {
  beginLook,
  deleteResolved,
  insertSignals,
  lockUnresolved,
  resolveSignals,
  seeAgain,
} from '../store/signals.ts';
import { forEachTenant, type Job } from './define.ts';
import { sources } from './signals/index.ts';

/** Looks for what deserves attention: one process at a time, whatever the number of replicas. */
export const watch_signals: Job = { name: 'watch-signals', every_ms: 5_000, run: forEachTenant(watch) };

/** For how long what is resolved is kept; its entries in the ledger stay. */
const kept_ms = 30 * 86_400_000;
/** Signals that one look deletes: the next look deletes the next ones. */
const most_deleted = 1_000;

async function watch(govern: Govern, tenant_id: string): Promise<void> {
  const at_ms = govern.clock.now();
  const not_since_ms = at_ms - Math.min(look_every_ms, govern.config.jobs_every_ms);
  const [at, before] = [instantText(at_ms), instantText(not_since_ms)];
  if (!(await govern.db.tenant(tenant_id, (tx) => beginLook(tx, tenant_id, at, before)))) return;
  const { found, looked } = await look(govern, tenant_id, at_ms);
  await govern.db.tenant(tenant_id, async (tx) => {
    const changes = changesOf(await lockUnresolved(tx), found, looked, at_ms);
    await write(govern, tx, tenant_id, changes, at_ms);
    await deleteResolved(tx, instantText(at_ms - kept_ms), most_deleted);
  });
}

/**
 * What each source finds, and after how long what it did not find has passed. One that fails is logged, and of its
 * signals none has.
 */
async function look({ db, controls, log }: Govern, tenant_id: string, at_ms: number) {
  const control = await controls.of(tenant_id);
  const found: Observed[] = [];
  const looked = new Map<string, number>();
  for (const { type, span_ms } of signal_types) {
    try {
      const { observed, is_all } = await db.tenant(tenant_id, (tx) => sources[type]({ tx, control, at_ms, most }));
      found.push(...observed.slice(0, most));
      looked.set(type, is_all && observed.length <= most ? heals_after_ms : span_ms);
    } catch (error) {
      log.warn({ signal: type, error: (error as Error).message }, 'signals of a type could not be looked for');
    }
  }
  return { found, looked };
}

async function write(govern: Govern, tx: Tx, tenant_id: string, changes: Changes, at_ms: number): Promise<void> {
  const at = instantText(at_ms);
  const raised = changes.raised.map((of) => ({
    ...of,
    ...{ tenant_id, id: govern.makeId('signal'), status: 'open' as const },
    ...{ times_seen: 1, last_day: countedAt([], at_ms, at_ms), first_seen_at: at, last_seen_at: at },
  }));
  const inserted = await insertSignals(tx, raised);
  await seeAgain(
    tx,
    changes.seen.map(({ signal, now: { severity, text, evidence }, last_day, reopened }) => ({
      ...{ id: signal.id, severity, text, evidence, last_day, last_seen_at: at, reopened: reopened !== null },
    })),
  );
  await resolveSignals(
    tx,
    changes.resolved.map(({ id }) => id),
    at,
  );
  const entry = (event: string, id: string, of: Omit<Observed, 'evidence'>, before: string | null, reason: string) =>
    entryOf(govern, { event, id, of, before, reason, at });
  await appendToLedger(tx, tenant_id, [
    ...raised.filter(({ id }) => inserted.has(id)).map((of) => entry('SIGNAL_RAISED', of.id, of, null, of.text)),
    ...changes.seen.flatMap(({ signal, now, reopened }) =>
      reopened === null ? [] : entry('SIGNAL_REOPENED', signal.id, now, signal.status, reopened),
    ),
    ...changes.resolved.map((of) => entry('SIGNAL_RESOLVED', of.id, of, of.status, 'its condition is found no more')),
  ]);
}

const statuses: Record<string, string> = { SIGNAL_RESOLVED: 'resolved' };

function entryOf(
  { makeId }: Govern,
  told: {
    event: string;
    id: string;
    of: Omit<Observed, 'evidence'>;
    before: string | null;
    reason: string;
    at: string;
  },
): LedgerEntry {
  const { type, subject, severity, text, project_id, agent_id, run_id, policy_id } = told.of;
  return {
    id: makeId('event'),
    event: told.event,
    ...{ actor_type: 'system', actor_id: 'aos', object_type: 'signal', object_id: told.id },
    ...{ api_key_id: told.of.api_key_id, agent_id, project_id, run_id },
    before: told.before === null ? null : { status: told.before },
    after: { status: statuses[told.event] ?? 'open', type, subject, severity, text, policy_id },
    reason: told.reason,
    request_id: null,
    occurred_at: told.at,
  };
}
