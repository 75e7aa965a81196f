import { setTimeout as sleep } from 'node:timers/promises';
import { shutdownDecision } from '@aos/core/policies/stop.ts';
import type { Govern } from '../govern/govern.ts';

/** How long calls that were ended may take to tell their callers and to be settled; then their connections are cut. */
const tell_ms = 3_000;
/** How long calls whose connections were cut may take to be settled. */
const settle_ms = 3_000;
const look_ms = 50;

/**
 * Closes the port. Calls under way may go on for `drain_ms`, plain ones whose callers have left, too; what is left then
 * is ended as a kill ends it: each wire says so, and what was delivered is settled. Calls that wait for room or a person
 * are told the same. Steps of runs are not meant: their
 * runs go on elsewhere. Takes at most 6 s longer than `drain_ms`, which whoever kills the process has to allow for, and
 * 5 s more for what waits for the database (`writeWhatWaits`).
 */
export async function drain(govern: Govern, closePort: () => Promise<unknown>, cut: () => void): Promise<void> {
  const { calls, clock, config, log, waiting } = govern;
  const ending = setTimeout(() => {
    calls.endAllOfCallers(shutdownDecision(config.drain_ms));
    waiting.stop();
  }, config.drain_ms);
  const cutting = setTimeout(cut, config.drain_ms + tell_ms);
  const until_ms = clock.monotonic() + config.drain_ms + tell_ms + settle_ms;
  await closePort();
  while (calls.hasAnyOfCallers() && clock.monotonic() < until_ms) await sleep(look_ms);
  clearTimeout(ending);
  clearTimeout(cutting);
  if (calls.hasAnyOfCallers()) log.error({}, 'calls under way could not be settled before the process ends');
  await govern.books.idle();
}
