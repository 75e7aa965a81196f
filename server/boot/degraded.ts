import { systemDecision } from '@aos/core/policies/stop.ts';
import type { Govern } from '../govern/govern.ts';
import type { OpenDatabase } from '../store/db.ts';
import { watchDatabase } from '../store/watch.ts';
import { heartbeat } from '../worker/heartbeat.ts';
import { recordDegraded } from './system-events.ts';

/** A process that nobody heard of for so long counts as dead: no kill waits for it any more. */
const out_of_reach_ms = 15_000;

/** Why calls under way end when nobody could stop them any more. */
const out_of_reach = systemDecision({
  policy_name: 'reach of governance',
  type: 'governance',
  scope: 'all_runs',
  verdict: 'block',
  code: 'governance_unavailable',
  reason: `this process has been without its database for ${out_of_reach_ms / 1000} s, so no stop could reach the call`,
  category: 'EXECUTION_FAILURE',
  severity: 'HIGH',
  termination: 'SYSTEM_FAILURE',
  incident: true,
});

/**
 * While the database is away every governed call is refused at once; after 15 s the calls under way are ended too. When
 * it is back, the interval is written to the system records.
 */
export function watchGovernance(
  govern: Govern,
  db: OpenDatabase,
  url: string,
  more: { onBack: () => void },
): () => Promise<void> {
  const { log, metrics, clock } = govern;
  const failing = (what: string) => (error: Error) => log.warn({ error: error.message }, what);
  let away_since_ms = 0;
  let timer: NodeJS.Timeout | undefined;
  metrics.database_reachable.set(1);
  const stop = watchDatabase(url, {
    answers: () => db.answers(),
    onAway: () => {
      away_since_ms = clock.monotonic();
      db.setAway();
      metrics.database_reachable.set(0);
      log.error({}, 'the database does not answer: governed calls are refused until it does');
      timer = setTimeout(() => govern.calls.endAll(out_of_reach), out_of_reach_ms);
    },
    onBack: () => {
      const away_ms = clock.monotonic() - away_since_ms;
      clearTimeout(timer);
      db.setBack();
      more.onBack();
      // At once: who was not heard of for 15 s is taken for dead.
      heartbeat.run(govern).catch(failing('the others could not be told that this process lives'));
      metrics.database_reachable.set(1);
      log.warn({ away_ms: Math.round(away_ms) }, 'the database is back');
      recordDegraded(govern, away_ms).catch(failing('the time without the database could not be recorded'));
    },
  });
  return async () => {
    clearTimeout(timer);
    await stop();
  };
}
